#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Model folders that nobody should have: impex check and impex run say what is wrong with them, in one message that
names the place, with exit code 2, bounded memory and nothing written; every twelfth is tried on 3 ranks as well.

usage: check_hostile.py IMPEX MATERIAL SOURCE LAUNCHER...
A case is a copy of a good folder that one function damages, and the text that the message must hold."""
import json
import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile

SUITE = """suite: s
task: preference
data:
  train: {path: pairs.jsonl}
  evaluate: {test: {path: pairs.jsonl, category: in_distribution}}
matrix: {seed: [0], objective: [im_rm]}
training: {epochs: 1, pairs_per_step: 4}
"""
SANITIZED = "ASAN_OPTIONS" in os.environ  # a process takes long to start
EVERY = 12 if not SANITIZED else 40
MEMORY = 256 << 20  # bytes of resident memory
HEADER = "model.safetensors"
INDEX = "model.safetensors.index.json"
EMBEDDING, NORM = "model.embed_tokens.weight", "model.norm.weight"
CASES = []


def case(text, base="neox", run=None, check=True, memory=MEMORY):
    """Registers a damaging function. `run`: the text of impex run where it is another; `check` False: impex check
    has nothing to say about it."""
    def add(function):
        CASES.append((function.__name__, function, text, run or text, base, check, memory))
        return function
    return add


# --- tools ------------------------------------------------------------------------------------------------------------

def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def load_weights(path):
    data = read(path)
    size = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8:8 + size]), data[8 + size:]


def store_weights(path, header, data):
    text = header if isinstance(header, (str, bytes)) else json.dumps(header)
    text = text if isinstance(text, bytes) else text.encode()
    write(path, struct.pack("<Q", len(text)) + text + data)


def edit_json(path, **keys):
    with open(path, encoding="utf-8") as f:
        o = json.load(f)
    for key, value in keys.items():
        o[key] = value
        if value is ABSENT:
            del o[key]
    write(path, json.dumps(o))


ABSENT = object()


def configured(name, text, base="neox", run=None, **keys):
    """A case of config.json with other values."""
    def function(folder):
        edit_json(f"{folder}/config.json", **keys)
    function.__name__ = name
    case(text, base, run)(function)


def headed(name, text, change, **more):
    """A case of a safetensors header that `change` alters in place, or replaces by what it returns."""
    def function(folder):
        header, data = load_weights(f"{folder}/{HEADER}")
        store_weights(f"{folder}/{HEADER}", change(header) or header, data)
    function.__name__ = name
    case(text, **more)(function)


def sharded(name, text, change, **more):
    """A case of two shards: `change(folder, index)` damages them."""
    def function(folder):
        header, data = load_weights(f"{folder}/{HEADER}")
        os.remove(f"{folder}/{HEADER}")
        names, weight_map = sorted(header, key=lambda n: n == "__metadata__"), {}
        names.remove("__metadata__")
        for i, part in enumerate((names[:9], names[9:])):
            store_shard(f"{folder}/model-{i}.safetensors", header, data, part)
            weight_map.update({n: f"model-{i}.safetensors" for n in part})
        index = {"weight_map": weight_map}
        change(folder, index)
        write(f"{folder}/{INDEX}", index if isinstance(index, str) else json.dumps(index))
    function.__name__ = name
    case(text, **more)(function)


def store_shard(path, header, data, names):
    part, at, bytes_ = {}, 0, b""
    for n in names:
        begin, end = header[n]["data_offsets"]
        part[n] = dict(header[n], data_offsets=[at, at + end - begin])
        bytes_ += data[begin:end]
        at += end - begin
    store_weights(path, part, bytes_)


def replaced(name, text, below, data, **more):
    """A case of a file with other contents."""
    def function(folder):
        write(f"{folder}/{below}", data() if callable(data) else data)
    function.__name__ = name
    case(text, **more)(function)


def placed(name, text, below, make, **more):
    """A case of something else in a file's place."""
    def function(folder):
        path = f"{folder}/{below}"
        if os.path.lexists(path):
            os.remove(path)
        make(path)
    function.__name__ = name
    case(text, **more)(function)


def sparse(size, head=b""):
    def make(path):
        with open(path, "wb") as f:
            f.write(head)
            f.truncate(size)
    return make


def loop(path):
    os.symlink(os.path.basename(path), path)


# --- config.json ------------------------------------------------------------------------------------------------------

placed("config_missing", "no file yaml/models/", "config.json", lambda p: None, run="no file yaml/models/",
       check=False)
placed("config_folder", "config.json: not a regular file", "config.json", os.mkdir)
placed("config_loop", "no folder with config.json", "config.json", loop, check=False)
placed("config_pipe", "config.json: not a regular file", "config.json", os.mkfifo)
placed("config_device", "config.json: not a regular file", "config.json", lambda p: os.symlink("/dev/zero", p))
placed("config_huge", "config.json: 1048576 MiB are more than such a file has", "config.json", sparse(1 << 40))
replaced("config_empty", "config.json:1:0: JSON", "config.json", b"")
replaced("config_binary", "config.json:1:", "config.json", bytes(range(256)))
replaced("config_list", "config.json: JSON: an object", "config.json", "[1, 2]")
replaced("config_deep", "config.json:1:", "config.json", '{"a": ' + "[" * 200000)
replaced("config_many", "config.json: JSON: more than 4000000 values", "config.json",
         lambda: '{"a": [' + "{}," * 5000000 + "0]}")
replaced("config_twice", "config.json:1:", "config.json", '{"vocab_size": 1, "vocab_size": 2}')
configured("type_unknown", 'model_type: "mamba" is not known', model_type="mamba")
configured("type_number", "model_type must be a string", model_type=3)
configured("type_absent", "model_type is missing", model_type=ABSENT)
configured("vocabulary_huge", "vocab_size: 1000000000000 is not between", vocab_size=10**12)
configured("vocabulary_beyond", "too big integer", vocab_size=10**30)
configured("vocabulary_larger", f"{EMBEDDING} has shape [426, 24], config.json wants [500, 24]", vocab_size=500)
configured("vocabulary_smaller", f"{EMBEDDING} has shape [426, 24], config.json wants [400, 24]",
           run="426 tokens, but config.json has a vocab_size of 400", vocab_size=400)
configured("vocabulary_most", "has shape [426, 24], config.json wants [16777216, 24]", vocab_size=1 << 24)
configured("vocabulary_zero", "vocab_size: 0 is not between", vocab_size=0)
configured("width_most", "config.json wants [426, 1048576]", hidden_size=1 << 20, head_dim=6)
configured("width_text", "hidden_size must be a whole number", hidden_size="24")
configured("layers_negative", "num_hidden_layers: -2 is not between", num_hidden_layers=-2)
configured("layers_most", "is missing", num_hidden_layers=4096)
configured("layers_fewer", "is not part of a llama with 1 layers", num_hidden_layers=1)
configured("heads_zero", "num_attention_heads: 0 is not between", num_attention_heads=0)
configured("heads_shared", "num_key_value_heads: 3 does not divide", num_key_value_heads=3)
configured("head_odd", "size of a head is 7", head_dim=7)
configured("head_huge", "head_dim: 100000 is not between", head_dim=100000)
configured("eps_zero", "rms_norm_eps: 0 is not above 0", rms_norm_eps=0)
configured("theta_huge", "rope_theta: 1e+300", rope_theta=1e300)
configured("rope_yarn", 'rope_type: "yarn" is not supported', rope_scaling={"rope_type": "yarn", "factor": 4})
configured("activation", 'hidden_act: "gelu" is not supported', hidden_act="gelu")
configured("quantised", "quantised weights are not supported", quantization_config={"bits": 4})
configured("ends_many", "eos_token_id: more than 16 ids", eos_token_id=list(range(40)))
configured("tied_text", "tie_word_embeddings must be true or false", tie_word_embeddings="yes")
configured("untied_without_head", "tensor lm_head.weight is missing", tie_word_embeddings=False)
configured("tied_with_head", "the file holds two different tensors", base="stories", tie_word_embeddings=True)

# --- model.safetensors ------------------------------------------------------------------------------------------------

placed("weights_missing", "neither model.safetensors nor model.safetensors.index.json", HEADER, lambda p: None)
placed("weights_folder", "model.safetensors: not a regular file", HEADER, os.mkdir)
placed("weights_loop", "neither model.safetensors nor", HEADER, loop)
placed("weights_pipe", "model.safetensors: not a regular file", HEADER, os.mkfifo)
placed("weights_device", "model.safetensors: not a regular file", HEADER, lambda p: os.symlink("/dev/zero", p))
placed("weights_pickled", "only pytorch_model.bin", HEADER,
       lambda p: write(f"{os.path.dirname(p)}/pytorch_model.bin", "x"))
placed("weights_adapter", "only an adapter", HEADER,
       lambda p: write(f"{os.path.dirname(p)}/adapter_model.safetensors", "x"))
replaced("weights_empty", "0 bytes are too few", HEADER, b"")
replaced("weights_short", "7 bytes are too few", HEADER, b"1234567")
replaced("length_huge", "the header claims 9223372036854775807 bytes", HEADER, struct.pack("<Q", 2**63 - 1) + b"{}")
replaced("length_zero", "the header does not begin with {", HEADER, struct.pack("<Q", 0) + b"{}")
replaced("length_beyond", "the header claims 500 bytes, the file has 10; is it cut?", HEADER,
         struct.pack("<Q", 500) + b"{}")
placed("header_zeros", "model.safetensors: header:", HEADER, sparse(100000008, struct.pack("<Q", 100000000) + b"{"))
placed("header_large", "at most 100 MB are allowed", HEADER, sparse(1 << 30, struct.pack("<Q", 100000001) + b"{"))
replaced("header_many", "header: JSON: more than 4000000 values", HEADER,
         lambda: struct.pack("<Q", 45000008) + b'{"a": [' + b"[1,2,3,4]" * 5000000 + b"]")
replaced("header_text", "header:7: JSON", HEADER, struct.pack("<Q", 8) + b"{header}")
replaced("header_list", "the header does not begin with {", HEADER, struct.pack("<Q", 2) + b"[]")
headed("name_twice", "header:", lambda h: json.dumps(h)[:-1] + f', "{NORM}": {json.dumps(h[NORM])}}}')
headed("metadata", "__metadata__.format is not a string", lambda h: h.update(__metadata__={"format": 1}))
headed("entry", f"tensor {NORM}: its entry is not an object", lambda h: h.update({NORM: 3}))
headed("offsets_reversed", f"tensor {NORM}: bytes", lambda h: h[NORM]["data_offsets"].reverse())
headed("offsets_negative", f"tensor {NORM}: bytes [-96, 0)", lambda h: h[NORM].update(data_offsets=[-96, 0]))
headed("offsets_beyond", "too big integer", lambda h: h[NORM].update(data_offsets=[0, 2**70]))
headed("offsets_outside", f"tensor {NORM}: bytes [0, 4611686018427387904) are not inside",
       lambda h: h[NORM].update(data_offsets=[0, 2**62]))
headed("offsets_one", f"tensor {NORM}: data_offsets must be two whole numbers",
       lambda h: h[NORM].update(data_offsets=[0]))
headed("overlap", "overlaps tensor", lambda h: h[NORM].update(data_offsets=[0, 96]))
headed("hole", "belong to no tensor", lambda h: h.pop(NORM) and None)
headed("shape_overflow", f"tensor {NORM}: the shape's product overflows",
       lambda h: h[NORM].update(shape=[2**32, 2**32]))
headed("shape_bytes", f"tensor {NORM}: the shape's bytes overflow", lambda h: h[NORM].update(shape=[2**62]))
headed("shape_negative", f"tensor {NORM}: shape[0] is not a size", lambda h: h[NORM].update(shape=[-24]))
headed("shape_real", f"tensor {NORM}: shape[0] is not a size", lambda h: h[NORM].update(shape=[24.0]))
headed("shape_deep", f"tensor {NORM}: 12 dimensions", lambda h: h[NORM].update(shape=[1] * 11 + [24]))
headed("shape_other", f"{NORM} has shape [4, 6], config.json wants [24]", lambda h: h[NORM].update(shape=[4, 6]))
headed("shape_cube", f"{EMBEDDING} has shape of 3 dimensions, config.json wants [426, 24]",
       lambda h: h[EMBEDDING].update(shape=[426, 4, 6]))
headed("dtype_unknown", f'tensor {NORM}: dtype "F128" is not known', lambda h: h[NORM].update(dtype="F128"))
headed("dtype_whole", f"tensor {NORM}: dtype I32 where F32", lambda h: h[NORM].update(dtype="I32"))
headed("dtype_half", f"tensor {NORM}: shape and dtype need 48 bytes", lambda h: h[NORM].update(dtype="F16"))
headed("tensor_unknown", "tensor model.norm.bias is not part of", lambda h: h.update({"model.norm.bias": h.pop(NORM)}))
headed("tensor_named_zero", "header:", lambda h: json.dumps(h).replace(NORM, "model\\u0000"))


@case("bytes after the last tensor")
def trailing(folder):
    write(f"{folder}/{HEADER}", read(f"{folder}/{HEADER}") + b"more")


@case("is the file cut?")
def cut(folder):
    write(f"{folder}/{HEADER}", read(f"{folder}/{HEADER}")[:-1])


@case(f"{EMBEDDING} has shape [0, 24]")
def tensor_empty(folder):
    header, data = load_weights(f"{folder}/{HEADER}")
    size = header[EMBEDDING]["data_offsets"][1]
    assert header[EMBEDDING]["data_offsets"][0] == 0
    for name, entry in header.items():
        if name != "__metadata__":
            entry["data_offsets"] = [max(0, at - size) for at in entry["data_offsets"]]
    header[EMBEDDING]["shape"] = [0, 24]
    store_weights(f"{folder}/{HEADER}", header, data[size:])


def put_number(folder, bytes_):
    header, data = load_weights(f"{folder}/{HEADER}")
    at = header[NORM]["data_offsets"][0] + 12
    store_weights(f"{folder}/{HEADER}", header, data[:at] + bytes_ + data[at + 4:])


@case(f"tensor {NORM} holds NaN or infinity at element 3")
def number_nan(folder):
    put_number(folder, struct.pack("<f", float("nan")))


@case(f"tensor {NORM} holds NaN or infinity at element 3")
def number_infinite(folder):
    put_number(folder, struct.pack("<f", float("-inf")))


# --- shards -----------------------------------------------------------------------------------------------------------

def damage_index(key, value):
    def change(folder, index):
        index["weight_map"][key] = value
    return change


def move(folder, index):
    os.rename(f"{folder}/model-1.safetensors", f"{folder}/../outside.safetensors")
    index["weight_map"] = {n: s.replace("model-1", "../outside") for n, s in index["weight_map"].items()}


def replace_shard(make):
    def change(folder, index):
        os.remove(f"{folder}/model-1.safetensors")
        make(f"{folder}/model-1.safetensors")
    return change


def swap(folder, index):
    index["weight_map"][NORM] = "model-0.safetensors"


def repeat(folder, index):
    header, data = load_weights(f"{folder}/model-1.safetensors")
    name = next(iter(load_weights(f"{folder}/model-0.safetensors")[0]))
    header[name] = {"dtype": "F32", "shape": [1], "data_offsets": [len(data), len(data) + 4]}
    store_weights(f"{folder}/model-1.safetensors", header, data + b"1234")


sharded("shard_outside", "is not the name of a file beside the index", move)
sharded("shard_absolute", "is not the name of a file beside the index", damage_index(NORM, "/etc/passwd"))
sharded("shard_number", "must name a file", damage_index(NORM, 3))
sharded("shard_missing", "model-1.safetensors: No such file", replace_shard(lambda p: None))
sharded("shard_folder", "model-1.safetensors: not a regular file", replace_shard(os.mkdir))
sharded("shard_loop", "model-1.safetensors: Too many levels of symbolic links", replace_shard(loop))
sharded("shard_swapped", f"tensor {NORM} belongs into model-0.safetensors", swap)
sharded("shard_unlisted", "is not in the weight_map", lambda f, i: i["weight_map"].pop(NORM) and None)
sharded("shard_promised", "tensor extra is not in model-0.safetensors", damage_index("extra", "model-0.safetensors"))
sharded("shard_repeated", "is in ", repeat)
sharded("index_empty", "weight_map is missing or empty", lambda f, i: i["weight_map"].clear())
sharded("index_list", "weight_map is missing or empty", lambda f, i: i.update(weight_map=[1]))

# --- tokenizer --------------------------------------------------------------------------------------------------------

TOKENIZER, SETTINGS = "tokenizer.json", "tokenizer_config.json"


def tokenized(name, text, change):
    """A case of tokenizer.json that `change` alters in place."""
    def function(folder):
        with open(f"{folder}/{TOKENIZER}", encoding="utf-8") as f:
            o = json.load(f)
        change(o)
        write(f"{folder}/{TOKENIZER}", json.dumps(o))
    function.__name__ = name
    case(text)(function)


def added(id_, content="<extra>"):
    return lambda o: o["added_tokens"].append(dict(o["added_tokens"][0], id=id_, content=content))


placed("tokenizer_missing", "tokenizer.json: No such file", TOKENIZER, lambda p: None, check=False)
placed("tokenizer_folder", "tokenizer.json: not a regular file", TOKENIZER, os.mkdir)
replaced("tokenizer_deep", "tokenizer.json:1:", TOKENIZER, '{"model": ' + '{"a":' * 100000)
tokenized("token_beyond", "but config.json has a vocab_size of 426", added(426))
tokenized("token_apart", "the next free id is 426", added(5000))
tokenized("token_huge", "tokenizer.json", added(2**31 - 1))
tokenized("token_negative", "tokenizer.json", added(-1))
tokenized("token_twice", "tokenizer.json", lambda o: o["model"]["vocab"].update(zz=5))
tokenized("token_real", "tokenizer.json", lambda o: o["model"]["vocab"].update(zz=5.5))
tokenized("merge_unknown", "tokenizer.json", lambda o: o["model"]["merges"].append("qqq zzz"))
tokenized("merge_number", "tokenizer.json", lambda o: o["model"]["merges"].append(7))
tokenized("model_unigram", "tokenizer.json: model", lambda o: o["model"].update(type="Unigram"))
tokenized("splitter", "tokenizer.json", lambda o: o.update(pre_tokenizer={"type": "Whitespace"}))
replaced("template", "name its format outright", SETTINGS,
         '{"eos_token": "<|endoftext|>", "chat_template": "{{ messages }}"}')
replaced("end_unknown", "is not in tokenizer.json", SETTINGS, '{"eos_token": "<|nowhere|>"}')
replaced("end_number", "tokenizer_config.json", SETTINGS, '{"eos_token": 5}')


# --- running ----------------------------------------------------------------------------------------------------------

def run(command, memory):
    """Exit code, standard output and error. Memory is bounded twice: what is asked for, and what is used."""
    def limit():
        if not SANITIZED:
            resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, preexec_fn=limit)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        used = usage.ru_maxrss << 10
        assert used <= memory or SANITIZED, f"{used >> 20} MiB of memory"
        return child.returncode, out.read().decode(), err.read().decode()


def own_lines(text, command):
    return [line for line in text.splitlines() if line.startswith(f"impex {command}: ")]


def try_case(program, launcher, number, entry):
    name, damage, text, run_text, base, checks, memory = entry
    folder = f"bad/{name}"
    shutil.rmtree("bad", ignore_errors=True)
    shutil.copytree(base, folder)
    damage(folder)
    if checks:
        code, out, err = run([program, "check", folder], memory)
        assert code == 2 and out.startswith("wrong: ") and text in out and out.count("\n") == 1, (code, out, err)
    if SANITIZED and checks and number % 4:
        return out
    command = [program, "run", "s.yaml", "--set", f"matrix.model=[{folder}]"]
    code, out, err = run(command, memory)
    lines = own_lines(err, "run")
    assert code == 2 and len(lines) == 1 and run_text in err, (code, out, err)
    assert not os.path.exists("results"), "something was written"
    if number % EVERY == 0:
        code, _, many = run([*launcher, "3", *command], 3 * memory)
        assert code == 2 and own_lines(many, "run") == lines, ("3 ranks", code, many)
        assert not os.path.exists("results"), "3 ranks: something was written"
    return lines[0]


def main():
    program, material, source, *launcher = sys.argv[1:]
    verbose, failures = "IMPEX_VERBOSE" in os.environ, 0
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        subprocess.run([material, "models", ".", f"{source}/tests/golden/text"], check=True)
        with open("s.yaml", "w", encoding="utf-8") as f:
            f.write(SUITE)
        with open("pairs.jsonl", "w", encoding="utf-8") as f:
            f.writelines(json.dumps({"prompt": "p", "chosen": f"c {i}", "rejected": "r"}) + "\n" for i in range(4))
        assert run([program, "run", "s.yaml", "--set", "matrix.model=[neox]"], MEMORY)[0] == 0
        shutil.rmtree("results")
        for number, entry in enumerate(CASES):
            try:
                said = try_case(program, launcher, number, entry)
                if verbose:
                    print(f"{entry[0]}: {said}")
            except AssertionError as wrong:
                failures += 1
                print(f"FAIL: {entry[0]}: {wrong}")
    print(f"{len(CASES)} folders, {failures} failures")
    assert len(CASES) >= 60
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
