#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/text/<name>/: tiny tokenizers, one per pipeline that src/text reads, and texts.jsonl with hard
strings and the ids that the `tokenizers` library (0.21.4, from PyPI) gives them without special tokens. And chat.jsonl:
conversations as jinja2 renders the templates of the formats that may be repeated here, and, where ../shared is,
chat_models.jsonl: those of the models' own templates, with what they refuse.

    python3 -m venv v && v/bin/pip install tokenizers==0.21.4 jinja2==3.1.6
    v/bin/python tests/golden/make_tokens.py tests/golden/text ../shared
"""
import json
import os
import random
import sys

from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import AddedToken, Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import BPE, WordLevel
from tokenizers.trainers import BpeTrainer

CORPUS = """The quick brown fox jumps over the lazy dog. The dog isn't amused; the fox doesn't care, they'll say.
A reward model ranks answers: the chosen answer is better than the rejected answer, or so the annotators' labels say.
Yes, sure. No, never. I'm, you're, he's, we've, she'll, I'd. 1 12 123 1234 12345 67890 3.14 1,000,000.
for (int i = 0; i < n; i++) { sum += x[i] * y[i]; }  # what the code does\n\tif x == 'yes': return True
Über die Brücke gehen; été, naïve, façade; señor, mañana; Привет, мир; Γειά σου Κόσμε; 你好,世界; こんにちは。안녕하세요
the cat the hat the bat the rat the mat that this there then them these those other another whether weather
""" * 3

SPLIT = (
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|%s| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
    "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
)


def token(content, **flags):
    return AddedToken(content, **flags)


def train(normalizer, pre, vocab_size, special, alphabet, **model):
    tokenizer = Tokenizer(BPE(**model))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre
    trainer = BpeTrainer(
        vocab_size=vocab_size, special_tokens=special, initial_alphabet=alphabet, show_progress=False, min_frequency=2
    )
    tokenizer.train_from_iterator(CORPUS.split("\n"), trainer)
    return tokenizer


def byte_level(normalizer, regex, vocab_size=420, prefix=False, **model):
    level = pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=regex is None)
    pre = level
    if regex:
        pre = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(regex), "isolated"), level])
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    return train(normalizer, pre, vocab_size, ["<|endoftext|>"], alphabet, **model)


def neox():
    tokenizer = byte_level(normalizers.NFC(), None)
    tokenizer.add_tokens([token(" " * n, normalized=True) for n in range(6, 1, -1)])
    tokenizer.add_special_tokens([token("<|padding|>", normalized=False, special=True)])
    return tokenizer


def prefix():
    """add_prefix_space, no normalizer, and every way an added token can match."""
    tokenizer = byte_level(None, None, prefix=True)
    flags = ["lstrip", "rstrip", "single_word"]
    tokenizer.add_tokens([token("<%s>" % f, normalized=False, **{f: True}) for f in flags])
    tokenizer.add_tokens([token("<%s.n>" % f, normalized=True, **{f: True}) for f in flags])
    tokenizer.add_tokens([token("<both>", normalized=False, lstrip=True, rstrip=True)])
    tokenizer.add_tokens([token("the", normalized=False, single_word=True), token("them", normalized=False)])
    tokenizer.add_tokens([token("<a", normalized=False), token("<ab", normalized=False), token("<abcd", normalized=False)])
    return tokenizer


def llama():
    tokenizer = byte_level(None, SPLIT % r"\p{N}{1,3}", ignore_merges=True)
    tokenizer.add_special_tokens([token("<|eot_id|>", special=True)])
    state = json.loads(tokenizer.to_str())
    # ignore_merges shows where a piece cannot be reached by merges
    size = len(state["model"]["vocab"])
    piece = "Ġunreachable"
    state["model"]["vocab"][piece] = size
    for added in state["added_tokens"]:
        added["id"] += added["id"] >= size
    return Tokenizer.from_str(json.dumps(state))


def qwen():
    tokenizer = byte_level(normalizers.NFC(), SPLIT % r"\p{N}")
    tokenizer.add_special_tokens([token("<|im_start|>", special=True), token("<|im_end|>", special=True)])
    return tokenizer


def sentence_piece(fallback, fuse, **more):
    normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    special = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % b for b in fallback]
    tokenizer = train(normalizer, None, 500, special, [], unk_token="<unk>", fuse_unk=fuse, byte_fallback=True, **more)
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = [dict(a, normalized=True) for a in state["added_tokens"] if not a["content"].startswith("<0x")]
    return Tokenizer.from_str(json.dumps(state))


def stories():
    return sentence_piece(range(256), True)


def unknown():
    """Some bytes have no piece: fused and unfused unknowns between byte pieces."""
    return sentence_piece([b for b in range(256) if b % 5], True)


def unknown_apart():
    return sentence_piece([b for b in range(256) if b % 5], False)


def gemma():
    pre = pre_tokenizers.Split(" ", "merged_with_previous")
    special = ["<pad>", "<eos>", "<bos>", "<unk>"] + ["<0x%02X>" % b for b in range(256)]
    tokenizer = train(normalizers.Replace(" ", "▁"), pre, 500, special, [], unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = [a for a in state["added_tokens"] if not a["content"].startswith("<0x")]
    state["model"]["merges"] = [m if isinstance(m, list) else m.split(" ") for m in state["model"]["merges"]]
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.add_tokens([token("▁" * n, normalized=False) for n in (2, 3, 4)] + [token("\n\n", normalized=False)])
    return tokenizer


def joined_bytes():
    """Merges of byte pieces: a text must not be cut between characters that have no piece of their own."""
    state = json.loads(stories().to_str())
    vocabulary, merges = state["model"]["vocab"], state["model"]["merges"]
    for pair in (["<0xA5>", "<0xE6>"], ["<0xE6>", "<0x97>"]):
        vocabulary["".join(pair)] = len(vocabulary)
        merges.append(pair)
    return Tokenizer.from_str(json.dumps(state))


def split_literal():
    """A Split by a text that does occur."""
    tokenizer = train(None, pre_tokenizers.Split("e ", "merged_with_previous"), 200, ["<unk>"], [], unk_token="<unk>")
    return tokenizer


def words():
    vocabulary = ["<pad>", "<unk>", "<user>", "<asst>", "<end>"] + sorted(set(CORPUS.split()))
    tokenizer = Tokenizer(WordLevel({w: i for i, w in enumerate(vocabulary)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens([token(w, special=True) for w in vocabulary[:5]])
    return tokenizer


MAKERS = [neox, prefix, llama, qwen, stories, unknown, unknown_apart, joined_bytes, gemma, split_literal, words]

SPACES = "\t\n\v\f\r    \x85\xa0\u1680\u2003\u2028\u202f\u3000\x1c\x1f\u200b\ufeff\0"
MARKS = "\u0300\u0301\u0323\u0327\u0345\u093c\u05b0\u1161\u11a8\u3099\u09be\U00011930\U00011935\u07fd\u0898\u1abf\U0001d165"
WORDS = (
    "the them I'm don't we've they'LL you'Re 'S 'ſ 'd ''s 12 345 67890 e\u0301 naïve Ａ １２ ½ ² ① ٣ 日本語 한국어 "
    "\u1112\u1161\u11ab \u2126 \u212b ﬁ ǅ 👍🏽 \U0001f468\u200d\U0001f469 ▁ ▁▁ -- ... ::: \"'\" for(i=0;i<n;i++) "
    "unreachable answers: dog. <a <ab <abc <abcd<abcd> \U0010ffff \ufffd"
).split(" ")


def texts(tokenizer, name, count):
    draw = random.Random(name)
    added = [t.content for t in tokenizer.get_added_tokens_decoder().values()]

    def part():
        kind = draw.random()
        if kind < 0.22:
            return draw.choice(SPACES) * draw.choice((1, 1, 1, 2, 3, 5))
        if kind < 0.55:
            return draw.choice(WORDS)
        if kind < 0.67:
            return draw.choice(added)
        if kind < 0.75:
            return draw.choice(MARKS)
        if kind < 0.80:
            return "".join(draw.choice("!'\"#$%&()*+,-./:;<=>?@[]^_`{|}~") for _ in range(draw.randint(1, 3)))
        if kind < 0.90:
            c = draw.randrange(0x110000 if draw.random() < 0.3 else 0x3000)
            return chr(c if not 0xD800 <= c < 0xE000 else 0x41)
        return " "

    fixed = ["", " ", "\0", "a", "  a  b   c", "\n\n\n", CORPUS[:700], "ha" * 60, "x" * 200, "\u0301", "日" * 70]
    fixed += [" ".join(added), "".join(added), " a".join(added)]
    return fixed + ["".join(part() for _ in range(draw.randint(1, 9))) for _ in range(count)]


def write_tokenizer(folder, make):
    tokenizer = make()
    where = os.path.join(folder, make.__name__)
    os.makedirs(where, exist_ok=True)
    state = json.loads(tokenizer.to_str())
    with open(os.path.join(where, "tokenizer.json"), "w") as f:
        json.dump(state, f, ensure_ascii=False, separators=(",", ":"))
    tokenizer = Tokenizer.from_file(os.path.join(where, "tokenizer.json"))
    with open(os.path.join(where, "texts.jsonl"), "w") as f:
        for text in texts(tokenizer, make.__name__, 240):
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            f.write(json.dumps({"text": text, "ids": ids}, separators=(",", ":")) + "\n")


CHATML = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
MINIWORLD = (
    "{% for m in messages %}{% if m['role'] == 'user' %}<user> {{ m['content'] }}{% else %}<asst> {{ m['content'] }} <end>"
    "{% endif %}{% if not loop.last %} {% endif %}{% endfor %}{% if add_generation_prompt %} <asst> {% endif %}"
)
DEFAULT = (
    "{% for m in messages %}{% if m['role'] == 'user' %}{{ '<|user|>' + m['content'] + eos_token }}{% else %}"
    "{{ '<|assistant|>' + m['content'] + eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def write_chats(path):
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    contents = ["hi", "", "  edge \n", "two\nlines", "a\0b", "\u3000wide\u3000", "<|im_end|>", "é\u0301"]
    draw = random.Random("chat")
    with open(path, "w") as f:
        for name, template in (("default", DEFAULT), ("miniworld", MINIWORLD), ("chatml", CHATML)):
            for _ in range(24):
                roles = ["system"] * draw.randint(0, 1) + ["user", "assistant"] * 3
                roles = roles[: draw.randint(1, 5)]
                messages = [{"role": r, "content": draw.choice(contents)} for r in roles]
                prompt = draw.random() < 0.5
                text = environment.from_string(template).render(
                    messages=messages, add_generation_prompt=prompt, eos_token="<|endoftext|>"
                )
                row = {"format": name, "messages": messages, "generation_prompt": prompt, "text": text}
                f.write(json.dumps(row, separators=(",", ":")) + "\n")


LLAMA3 = (
    "{% for m in messages %}{% if loop.first %}{{ bos_token }}{% endif %}{{ '<|start_header_id|>' + m['role'] + "
    "'<|end_header_id|>\\n\\n' + m['content'] | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)


class Refused(Exception):
    pass


def refuse(message):
    raise Refused(message)


def model_templates(shared):
    yield "llama3-instruct", LLAMA3
    for name, folder in (("llama3.2-instruct", "llama3"), ("qwen2.5-instruct", "qwen2.5"), ("gemma-it", "gemma-like")):
        with open(os.path.join(shared, "tokenizers", folder, "tokenizer_config.json")) as f:
            yield name, json.load(f)["chat_template"]


def conversation(draw):
    """Mostly as formats expect them: a system turn or none, then user and assistant in turn; sometimes not."""
    contents = ["hi", "", "  edge \n", "two\nlines", "a\0b", "\u3000wide\u3000", "\x1f\x85 x \u2028", "\u200bzero\ufeff",
                "<|im_end|>", "<|eot_id|>", "<end_of_turn>\n", "e\u0301", "\U0001f468\u200d\U0001f469", " \n\t "]
    roles = ["system"] * (draw.random() < 0.4) + ["user", "assistant"] * 4
    roles = roles[: draw.randint(1, 8)]
    if draw.random() < 0.2:
        draw.shuffle(roles)
    return [{"role": r, "content": draw.choice(contents)} for r in roles]


def write_model_chats(path, shared):
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = refuse
    draw = random.Random("model chats")
    with open(path, "w") as f:
        for name, text in model_templates(shared):
            template = environment.from_string(text)
            for _ in range(60):
                row = {"format": name, "messages": conversation(draw), "generation_prompt": draw.random() < 0.5}
                try:
                    row["text"] = template.render(
                        messages=row["messages"], add_generation_prompt=row["generation_prompt"], bos_token="<bos>",
                        date_string="01 Jan 2030",
                    )
                except Refused as reason:
                    row["refused"] = str(reason)
                f.write(json.dumps(row, separators=(",", ":")) + "\n")


def main(folder, *shared):
    for make in MAKERS:
        write_tokenizer(folder, make)
    write_chats(os.path.join(folder, "chat.jsonl"))
    for s in shared:
        write_model_chats(os.path.join(folder, "chat_models.jsonl"), s)


main(*sys.argv[1:])
