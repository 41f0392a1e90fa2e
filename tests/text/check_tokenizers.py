#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random texts: ids equal to those of the `tokenizers` package.

usage: check_tokenizers.py IDS SOURCE [COUNT [SEED]]
IDS is the program of ids.c. COUNT texts (a million) for every tokenizer of ../shared, a tenth of them for each tiny
one of tests/golden/text. The texts are drawn to be hard: every plane, marks, joined emoji, runs of white space, line
ends, zero characters, whole and broken spellings of the tokenizer's own added tokens. Skipped (77) unless tokenizers
can be imported."""
import array
import os
import random
import struct
import subprocess
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
try:
    from tokenizers import Tokenizer
except ImportError as missing:
    print(f"SKIP: {missing}: this check needs tokenizers (pip install it for the interpreter that "
          "cmake -DPython3_EXECUTABLE names)")
    sys.exit(77)

BLOCK = 20000
SPACES = " \t\n\r\v\f\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2003\u200a\u2028\u2029\u202f\u205f\u3000\u180e\u200b\u2060\ufeff"
MARKS = ("\u0300\u0301\u0308\u0323\u0327\u0338\u0345\u034f\u035c\u0591\u05b0\u064b\u0670\u093c\u094d\u09be\u0b57\u0e33\u0f71"
         "\u0f72\u0f74\u1039\u1161\u1175\u11a8\u11c2\u135d\u17d2\u1ab0\u1abf\u1dc0\u20d0\u302a\u3099\u309a\ufb1e\ufe20\ufe0f"
         "\U000110ba\U00011127\U00011930\U00011935\U0001d165\U0001d16e\U0001e8d0\U0001e944\U000e0100\u07fd\u0898\u08d3")
EDGES = "\0\x01\x7f\x80\xad\ud7ff\ue000\ufdd0\ufffc\ufffd\uffff\U00010000\U0001ffff\U000effff\U000f0000\U0010fffd\U0010ffff"
EMOJI = ["\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd", "\U0001f1eb\U0001f1f7", "\u2764\ufe0f\u200d\U0001f525",
         "1\ufe0f\u20e3", "\U0001f3f4\U000e0067\U000e0062\U000e007f", "\u200d", "\ufe0f", "\U0001f600"]
WORDS = """the The them I'm don't we've they'LL you'Re it's 's 'S 'T 'rE ''d 'ſ 'm' l'll o'clock 0 7 12 345 6789 1234567 3.14
1,000,000 0x1F2e ½ ² ① Ⅳ ٣٤ १२३ 𝟘𝟙 é e\u0301 naïve Ａ １２ ﬁ ǅ ǆ ß ẞ İ ı Ω Å \u212b \u2126 \u1e9b\u0323 \u0958 \u2adc ñ Привет γειά שלום
مرحبا नमस्ते ไทย ລາວ မြန်မာ ភាសា 日本語 中文 かな カナ が か\u3099 한국어 \u1112\u1161\u11ab \u1100\u1161 \u11a8 ꦄ 𐐷 𝒜 𠀀 豈 \uf900 \u0f43 ▁ ▁▁ ▁the _ __
... --- !!! ::: ?! "' '" ( ) [ ] { } <= => != && || // /* */ `` # @ $ % ^ ~ \\ \\n for(i=0;i<n;i++) http://a.b/c?d=e&f=%20 a@b.c
Ġ Ċ Âł Ã © ® ™ <0x0A> <0xE2> <s> </s> <unk> <bos> <|endoftext|> <|im_start|> <|eot_id|> <start_of_turn> <|""".split()
PROSE = ("The answer to the first question is, of course, that it isn't known whether\nthe reward model's ranking agrees with "
         "annotators' labels; see Section 3.2 (p. 117).\n\n\tdef f(x):\r\n\t    return x ** 2  # squared\r\n\r\nDonc, l'équation "
         "s'écrit ∑ xᵢ² ≤ 1 — “voilà”… ¿Qué más?  1. eins\n 2. zwei\n  3. drei ")


def any_character(draw):
    top = draw.choice((0x80, 0x250, 0x3000, 0x3000, 0xA000, 0x10000, 0x20000, 0x32000, 0xE0200, 0x110000))
    code = draw.randrange(top)
    return chr(code) if not 0xD800 <= code < 0xE000 else "\ud7ff"


def broken(draw, token):
    """A token's spelling, cut, doubled, parted, or in other letters."""
    at = draw.randint(0, len(token))
    return draw.choice((token, token, token, token[:at], token[at:], token + token[:at], token[:at] + " " + token[at:],
                        token.upper(), " " + token + " ", "a" + token + "b", token[:at] + "\u0301" + token[at:]))


def part(draw, added):
    kind = draw.random()
    if kind < 0.30:
        return draw.choice(WORDS)
    if kind < 0.45:
        return draw.choice((" ", " ", " ", "\n", "  ", "\n\n", "\r\n"))
    if kind < 0.53:
        return draw.choice(SPACES) * min(int(draw.expovariate(0.4)) + 1, 80)
    if kind < 0.62:
        return broken(draw, draw.choice(added)) if added else " "
    if kind < 0.70:
        at = draw.randrange(len(PROSE))
        return PROSE[at : at + draw.randint(1, 40)]
    if kind < 0.78:
        return any_character(draw)
    if kind < 0.83:
        base = draw.choice(("a", "e", "o", "K", "\u1100", "か", "\u05d0", "क", any_character(draw)))
        return base + "".join(draw.choice(MARKS) for _ in range(draw.randint(1, 4)))
    if kind < 0.87:
        return draw.choice(EDGES)
    if kind < 0.91:
        return draw.choice(EMOJI)
    if kind < 0.95:
        return chr(draw.randrange(0x21, 0x7F)) * draw.randint(1, 30)
    return "".join(chr(draw.randrange(0x21, 0x7F)) for _ in range(draw.randint(1, 12)))


def text(draw, added):
    parts = min(int(draw.expovariate(0.22)), 60)
    return "".join(part(draw, added) for _ in range(parts))


def ids_of(program, folder, texts):
    sizes = [t.encode() for t in texts]
    given = b"".join(struct.pack("i", len(b)) + b for b in sizes)
    done = subprocess.run([program, folder], input=given, capture_output=True)
    if done.returncode != 0:
        sys.exit(f"{folder}: {done.stderr.decode()}")
    numbers = array.array("i", done.stdout)
    at = 0
    for _ in texts:
        count = numbers[at]
        yield numbers[at + 1 : at + 1 + count].tolist()
        at += 1 + count
    assert at == len(numbers)


def check(program, folder, count, seed):
    """Number of texts whose ids differ; the first few are printed."""
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    added = sorted(t.content for t in tokenizer.get_added_tokens_decoder().values())
    draw = random.Random(f"{os.path.basename(folder)} {seed}")
    wrong = bytes_seen = ids_seen = 0
    start = time.time()
    for begin in range(0, count, BLOCK):
        texts = [text(draw, added) for _ in range(min(BLOCK, count - begin))]
        theirs = [e.ids for e in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]
        for t, ours, want in zip(texts, ids_of(program, folder, texts), theirs, strict=True):
            bytes_seen += len(t)
            ids_seen += len(want)
            if ours == want:
                continue
            wrong += 1
            if wrong <= 3:
                print(f"{folder}: {ascii(t)}\n  want {want}\n  got  {ours}")
    print(f"{os.path.basename(folder)}: {count} texts, {bytes_seen} characters, {ids_seen} ids: {wrong} differ "
          f"({time.time() - start:.0f} s)", flush=True)
    return wrong


def folders(source):
    shared = os.environ.get("IMPEX_SHARED") or os.path.join(source, "..", "shared")
    real = [os.path.join(shared, below) for below in ("tokenizers/gpt-neox", "tokenizers/llama3", "tokenizers/qwen2.5",
                                                      "tokenizers/gemma-like", "models/TinyStories-656K")]
    golden = os.path.join(source, "tests", "golden", "text")
    tiny = [os.path.join(golden, name) for name in sorted(os.listdir(golden))]
    return [[f for f in some if os.path.exists(os.path.join(f, "tokenizer.json"))] for some in (real, tiny)]


def main():
    program, source = sys.argv[1:3]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 1000000
    seed = sys.argv[4] if len(sys.argv) > 4 else "0"
    real, tiny = folders(source)
    wrong = sum(check(program, f, count // 10, seed) for f in tiny) + sum(check(program, f, count, seed) for f in real)
    if not real:
        print("SKIP: ../shared/tokenizers is not here: only the tiny tokenizers were compared")
    sys.exit(1 if wrong else 77 if not real else 0)


if __name__ == "__main__":
    main()
