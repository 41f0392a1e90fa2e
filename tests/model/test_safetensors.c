/* SPDX-License-Identifier: Apache-2.0
 *
 * Weight files: what is written is read back bit for bit and is what Python writes; what is broken is refused. */
#include "model/safetensors.h"
#include "scratch.h"

static void put_file(const char *name, uint64_t length, const char *header, const void *data, size_t size)
{
    size_t n = strlen(header);
    unsigned char *bytes = malloc(8 + n + size + 1);
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(length >> 8 * i);
    memcpy(bytes + 8, header, n);
    if (size) memcpy(bytes + 8 + n, data, size);
    scratch_write(name, bytes, 8 + n + size);
    free(bytes);
}

/* A header and that many zero bytes. */
static void put_zeros(const char *name, const char *header, size_t size)
{
    unsigned char *zeros = calloc(size + 1, 1);
    put_file(name, strlen(header), header, zeros, size);
    free(zeros);
}

/* --- writing and reading back --------------------------------------------------------------------- */

static void round_trip(void **state)
{
    (void)state;
    float a[6] = {1, -0.0f, 1e-45f, 3.4e38f, -2.5f, 0.1f}, b[1] = {7};
    ix_tensor_out out[] = {
        {"z.weight", 2, {2, 3}, a, NULL}, {"empty", 2, {0, 4}, a, NULL}, {"b\"\\/\n\xc3\xa9", 0, {0}, b, NULL}};
    ix_safetensors *file;
    float back[6];

    CHECK_OK(ix_safetensors_write(scratch_path("r.safetensors"), out, 3));
    CHECK_OK(ix_safetensors_open_file(&file, scratch_path("r.safetensors")));
    assert_int_equal(ix_safetensors_count(file), 3);
    assert_string_equal(ix_safetensors_at(file, 0)->name, out[2].name);
    const ix_tensor_view *t = ix_safetensors_find(file, "z.weight");
    assert_non_null(t);
    assert_int_equal(t->dims, 2);
    assert_int_equal(t->shape[0] * 10 + t->shape[1], 23);
    CHECK_OK(ix_tensor_read_f32(t, 0, 6, back));
    assert_memory_equal(back, a, sizeof a);
    CHECK_OK(ix_tensor_read_f32(t, 2, 3, back));
    assert_memory_equal(back, a + 2, 3 * sizeof *a);
    t = ix_safetensors_find(file, out[2].name);
    assert_int_equal(t->dims, 0);
    CHECK_OK(ix_tensor_read_f32(t, 0, 1, back));
    assert_true(back[0] == 7);
    assert_int_equal(ix_safetensors_find(file, "empty")->count, 0);
    assert_true(ix_tensor_finite(ix_safetensors_find(file, "empty"), NULL));
    assert_null(ix_safetensors_find(file, "nothing"));
    ix_safetensors_close(&file);
    ix_safetensors_close(&file);
}

/* Python's safetensors wrote the golden files; ours must be the same bytes. */
static void bytes_as_python(void **state)
{
    (void)state;
    ix_safetensors *file;
    ix_tensor_out out[64];
    CHECK_OK(ix_safetensors_open(&file, golden_path("llama_untied")));
    int n = ix_safetensors_count(file);
    assert_in_range(n, 10, 64);
    for (int i = 0; i < n; i++) {
        const ix_tensor_view *t = ix_safetensors_at(file, i);
        float *data = malloc(t->size + 1);
        CHECK_OK(ix_tensor_read_f32(t, 0, t->count, data));
        assert_true(ix_tensor_finite(t, NULL));
        out[n - 1 - i] = (ix_tensor_out){.name = t->name, .dims = t->dims, .data = data};
        memcpy(out[n - 1 - i].shape, t->shape, sizeof t->shape);
    }
    CHECK_OK(ix_safetensors_write(scratch_path("p.safetensors"), out, n));
    assert_true(same_files(scratch_path("p.safetensors"), golden_path("llama_untied/model.safetensors")));
    for (int i = 0; i < n; i++) free((void *)(uintptr_t)out[i].data);
    ix_safetensors_close(&file);
}

static void writing_fails_cleanly(void **state)
{
    (void)state;
    float a[2] = {1, 2};
    ix_tensor_out twice[] = {{"a", 1, {2}, a, NULL}, {"a", 1, {2}, a, NULL}}, latin = {"\xe9", 1, {2}, a, NULL},
                  huge = {"h", 2, {1LL << 40, 1LL << 40}, a, NULL};
    CHECK_OK(ix_safetensors_write(scratch_path("keep.safetensors"), twice, 1));
    CHECK_FAILS(ix_safetensors_write(scratch_path("keep.safetensors"), twice, 2), IX_EINPUT, "a is given twice");
    CHECK_FAILS(ix_safetensors_write(scratch_path("keep.safetensors"), &latin, 1), IX_EINPUT, "not UTF-8");
    CHECK_FAILS(ix_safetensors_write(scratch_path("keep.safetensors"), &huge, 1), IX_EINPUT, "overflows");
    CHECK_FAILS(ix_safetensors_write(scratch_path("no/where.safetensors"), twice, 1), IX_EIO, "no/where");
    ix_safetensors *file;
    CHECK_OK(ix_safetensors_open_file(&file, scratch_path("keep.safetensors")));
    assert_int_equal(ix_safetensors_count(file), 1);
    ix_safetensors_close(&file);
    CHECK_OK(ix_safetensors_write(scratch_path("none.safetensors"), twice, 0));
    CHECK_OK(ix_safetensors_open_file(&file, scratch_path("none.safetensors")));
    assert_int_equal(ix_safetensors_count(file), 0);
    assert_null(ix_safetensors_find(file, "a"));
    ix_safetensors_close(&file);
}

/* A full disk: nothing appears under the name, and nothing is left beside it. */
static void full_disk(void **state)
{
    (void)state;
    static float a[1000];
    ix_tensor_out out = {"a", 1, {1000}, a, NULL};
    char temporary[512];
    CHECK_OK(ix_file_temporary(scratch_path("full.safetensors"), temporary, sizeof temporary));
    if (access("/dev/full", W_OK) != 0 || symlink("/dev/full", temporary) != 0) skip();
    CHECK_FAILS(ix_safetensors_write(scratch_path("full.safetensors"), &out, 1), IX_EIO, "No space left");
    assert_false(ix_file_exists(scratch_path("full.safetensors")));
    assert_false(ix_file_exists(temporary));
}

/* --- numbers -------------------------------------------------------------------------------------- */

/* The header is 1 byte short of even, so every element is misaligned. */
static const ix_tensor_view *typed(ix_safetensors **file, const char *dtype, int64_t n, const void *data, size_t size)
{
    char header[256];
    snprintf(header, sizeof header, "{\"x\":{\"dtype\":\"%s\",\"shape\":[%lld],\"data_offsets\":[0,%zu]}}", dtype,
             (long long)n, size);
    if (strlen(header) % 2 == 0) strcat(header, " ");
    put_file("typed.safetensors", strlen(header), header, data, size);
    CHECK_OK(ix_safetensors_open_file(file, scratch_path("typed.safetensors")));
    return ix_safetensors_find(*file, "x");
}

/* Every half: against its definition, sign * 2^(e - 25) * (1024 + f), without the code's bit tricks. */
static void all_halves(void **state)
{
    (void)state;
    static uint16_t bits[65536];
    static float got[65536];
    ix_safetensors *file;
    for (int i = 0; i < 65536; i++) bits[i] = (uint16_t)i;
    const ix_tensor_view *t = typed(&file, "F16", 65536, bits, sizeof bits);
    assert_true((uintptr_t)t->bytes % 2 == 1);
    CHECK_OK(ix_tensor_read_f32(t, 0, 65536, got));
    for (int i = 0; i < 65536; i++) {
        int e = i >> 10 & 31, f = i & 1023;
        double size = e == 31 ? (f ? NAN : INFINITY) : e ? ldexp(1024 + f, e - 25) : ldexp(f, -24);
        if (isnan(size)) assert_true(isnan(got[i]));
        else assert_true((double)got[i] == (i >> 15 ? -size : size) && !signbit(got[i]) == !(i >> 15));
    }
    int64_t at;
    assert_false(ix_tensor_finite(t, &at));
    assert_int_equal(at, 0x7c00);
    ix_safetensors_close(&file);
}

static void all_brains(void **state)
{
    (void)state;
    static uint16_t bits[65536];
    static float got[65536];
    ix_safetensors *file;
    for (int i = 0; i < 65536; i++) bits[i] = (uint16_t)i;
    const ix_tensor_view *t = typed(&file, "BF16", 65536, bits, sizeof bits);
    CHECK_OK(ix_tensor_read_f32(t, 0, 65536, got));
    for (int i = 0; i < 65536; i++) {
        uint32_t word;
        memcpy(&word, &got[i], sizeof word);
        assert_true(word == (uint32_t)i << 16);
    }
    int64_t at;
    assert_false(ix_tensor_finite(t, &at));
    assert_int_equal(at, 0x7f80);
    ix_safetensors_close(&file);
}

static void other_types(void **state)
{
    (void)state;
    double d[4] = {0.1, -1e300, 1e-60, 3};
    int64_t l[3] = {-5, 1LL << 31, 7};
    int32_t i[3] = {INT32_MIN, 0, INT32_MAX}, whole[3];
    uint8_t e4[3] = {0x7e, 0xfe, 0xff}, e5[2] = {0x7b, 0x7c};
    float got[4];
    int64_t at = -1;
    ix_safetensors *file;

    const ix_tensor_view *t = typed(&file, "F64", 4, d, sizeof d);
    CHECK_OK(ix_tensor_read_f32(t, 0, 4, got));
    assert_true(got[0] == 0.1f && got[1] == -INFINITY && got[2] == 0 && got[3] == 3);
    CHECK_FAILS(ix_tensor_read_i32(t, 0, 4, whole), IX_EINPUT, "typed.safetensors: tensor x: dtype F64");
    assert_true(ix_tensor_finite(t, &at));
    ix_safetensors_close(&file);
    t = typed(&file, "I64", 3, l, sizeof l);
    CHECK_FAILS(ix_tensor_read_i32(t, 0, 3, whole), IX_EINPUT, "tensor x: element 1 is 2147483648");
    CHECK_OK(ix_tensor_read_i32(t, 2, 1, whole));
    assert_int_equal(whole[0], 7);
    CHECK_FAILS(ix_tensor_read_f32(t, 0, 3, got), IX_EINPUT, "tensor x: dtype I64");
    ix_safetensors_close(&file);
    t = typed(&file, "I32", 3, i, sizeof i);
    CHECK_OK(ix_tensor_read_i32(t, 0, 3, whole));
    assert_memory_equal(whole, i, sizeof i);
    assert_true(ix_tensor_finite(t, &at));
    ix_safetensors_close(&file);
    t = typed(&file, "F8_E4M3", 3, e4, sizeof e4);
    assert_false(ix_tensor_finite(t, &at));
    assert_int_equal(at, 2);
    ix_safetensors_close(&file);
    t = typed(&file, "F8_E5M2", 2, e5, sizeof e5);
    assert_false(ix_tensor_finite(t, &at));
    assert_int_equal(at, 1);
    ix_safetensors_close(&file);
    d[2] = NAN;
    t = typed(&file, "F64", 4, d, sizeof d);
    assert_false(ix_tensor_finite(t, &at));
    assert_int_equal(at, 2);
    ix_safetensors_close(&file);
}

/* --- hostile files -------------------------------------------------------------------------------- */

#define A "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}"
#define ONE(shape, offsets) "{\"a\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static const struct {
    const char *what, *header;
    size_t data;
    const char *message;
} hostile[] = {
    {"not json", "{\"a\":nonsense}", 0, "header:"},
    {"an array", "[1,2,3,4]", 0, "does not begin with {"},
    {"blank before {", " {" A "}", 8, "does not begin with {"},
    {"something after", "{" A "} x", 8, "header:"},
    {"not UTF-8", "{\"\xff\xfe\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "header:"},
    {"the same key twice", "{" A "," A "}", 8, "duplicate object key near '\"a\"'"},
    {"the same member twice", "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
     "duplicate object key"},
    {"entry not an object", "{\"a\":[0,8]}", 8, "tensor a: its entry"},
    {"no dtype", "{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "tensor a: dtype is missing"},
    {"unknown dtype", "{\"a\":{\"dtype\":\"F33\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "tensor a: dtype \"F33\""},
    {"dtype of another case", "{\"a\":{\"dtype\":\"f32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
     "tensor a: dtype \"f32\""},
    {"no shape", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "tensor a: shape is missing"},
    {"shape a number", ONE("2", "[0,8]"), 8, "tensor a: shape is missing"},
    {"negative size", ONE("[-2]", "[0,8]"), 8, "tensor a: shape[0]"},
    {"fractional size", ONE("[2.0]", "[0,8]"), 8, "tensor a: shape[0]"},
    {"text in the shape", ONE("[1,\"2\"]", "[0,8]"), 8, "tensor a: shape[1]"},
    {"nine dimensions", ONE("[1,1,1,1,1,1,1,1,2]", "[0,8]"), 8, "tensor a: 9 dimensions"},
    {"product overflows", ONE("[4294967296,4294967296]", "[0,8]"), 8, "tensor a: the shape's product overflows"},
    {"product overflows to 2", ONE("[9223372036854775807,2,2]", "[0,8]"), 8, "tensor a: the shape's product overflows"},
    {"bytes overflow", ONE("[4611686018427387906]", "[0,8]"), 8, "tensor a: the shape's bytes overflow"},
    {"size beyond 64 bits", ONE("[99999999999999999999]", "[0,8]"), 8, "too big integer"},
    {"no offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "tensor a: data_offsets"},
    {"three offsets", ONE("[2]", "[0,8,8]"), 8, "tensor a: data_offsets"},
    {"offsets as text", ONE("[2]", "[\"0\",\"8\"]"), 8, "tensor a: data_offsets"},
    {"negative offset", ONE("[2]", "[-8,0]"), 8, "tensor a: bytes [-8, 0)"},
    {"end before begin", ONE("[2]", "[8,0]"), 8, "tensor a: bytes [8, 0)"},
    {"behind the end", ONE("[4]", "[0,16]"), 15, "tensor a: bytes [0, 16)"},
    {"far behind the end", ONE("[2]", "[9223372036854775799,9223372036854775807]"), 8, "tensor a: bytes ["},
    {"data cut off", "{" A "}", 7, "is the file cut?"},
    {"shape too small", ONE("[1]", "[0,8]"), 8, "tensor a: shape and dtype need 4 bytes"},
    {"shape too large", ONE("[3]", "[0,8]"), 8, "tensor a: shape and dtype need 12 bytes"},
    {"wrong dtype for the bytes", "{\"a\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
     "tensor a: shape and dtype need 4 bytes"},
    {"overlap", "{" A ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12,
     "tensor b overlaps tensor a"},
    {"one inside the other", "{" A ",\"b\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}", 16,
     "tensor b overlaps tensor a"},
    {"the same bytes twice", "{" A ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
     "overlaps tensor"},
    {"hole at the start", ONE("[1]", "[4,8]"), 8, "tensor a: the 4 bytes before it"},
    {"hole between", "{" A ",\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]}}", 16,
     "tensor b: the 4 bytes before it"},
    {"hole at the end", "{" A "}", 9, "1 bytes after the last tensor a"},
    {"data without tensors", "{}", 4, "4 bytes after the last tensor"},
    {"metadata not an object", "{\"__metadata__\":3," A "}", 8, "__metadata__ is not an object"},
    {"metadata not text", "{\"__metadata__\":{\"format\":3}," A "}", 8, "__metadata__.format"},
};

static void hostile_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        ix_safetensors *file = NULL;
        put_zeros("bad.safetensors", hostile[i].header, hostile[i].data);
        ix_status got = ix_safetensors_open_file(&file, scratch_path("bad.safetensors"));
        if (got != IX_EINPUT) fail_msg("%s: gave %d", hostile[i].what, (int)got);
        assert_null(file);
        if (!strstr(ix_message(), hostile[i].message) || !strstr(ix_message(), "bad.safetensors"))
            fail_msg("%s: '%s' lacks '%s'", hostile[i].what, ix_message(), hostile[i].message);
    }
}

static void refuse(uint64_t length, const char *header, size_t size, const char *message)
{
    ix_safetensors *file;
    unsigned char zeros[64] = {0};
    put_file("bad.safetensors", length, header, zeros, size);
    CHECK_FAILS(ix_safetensors_open_file(&file, scratch_path("bad.safetensors")), IX_EINPUT, message);
    assert_non_null(strstr(ix_message(), "bad.safetensors"));
}

static void hostile_lengths(void **state)
{
    (void)state;
    ix_safetensors *file;
    refuse(strlen("{" A "}") + 9, "{" A "}", 8, "is it cut?");
    refuse(1000, "{" A "}", 8, "is it cut?");
    refuse(100000001, "{" A "}", 8, "100 MB");
    refuse(UINT64_MAX, "{" A "}", 8, "100 MB");
    refuse(UINT64_MAX - 7, "{" A "}", 8, "100 MB");
    refuse(0, "", 0, "does not begin with {");
    refuse(1, "{", 0, "header:");
    scratch_write("bad.safetensors", "\x02\0\0\0\0\0\0", 7);
    CHECK_FAILS(ix_safetensors_open_file(&file, scratch_path("bad.safetensors")), IX_EINPUT, "7 bytes are too few");
    scratch_write("bad.safetensors", "", 0);
    CHECK_FAILS(ix_safetensors_open_file(&file, scratch_path("bad.safetensors")), IX_EINPUT, "0 bytes are too few");
    CHECK_FAILS(ix_safetensors_open_file(&file, scratch_path("nothing")), IX_EINPUT, "nothing: No such file");
    CHECK_FAILS(ix_safetensors_open_file(&file, scratch), IX_EINPUT, "not a regular file");
}

/* 100,000 brackets deep: refused by the parser's own limit, not by the stack. */
static void deep_header(void **state)
{
    (void)state;
    char *header = malloc(200100);
    ix_safetensors *file;
    strcpy(header, "{\"a\":");
    memset(header + 5, '[', 200000);
    header[200005] = 0;
    put_file("bad.safetensors", 200005, header, NULL, 0);
    CHECK_FAILS(ix_safetensors_open_file(&file, scratch_path("bad.safetensors")), IX_EINPUT, "depth");
    free(header);
}

/* Every prefix and every single changed byte of the header of a good file: an error or sound views, never worse. */
static void broken_everywhere(void **state)
{
    (void)state;
    const char *header = "{\"__metadata__\":{\"format\":\"pt\"}," A ",\"b\":{\"dtype\":\"F16\",\"shape\":[1,2],"
                         "\"data_offsets\":[8,12]}}";
    unsigned char good[512] = {(unsigned char)strlen(header)};
    static const unsigned char changes[] = {0, 1, 0x20, 0x80, '{', '"', ',', '9', '-', ']'};
    size_t n = 8 + strlen(header) + 12;
    ix_safetensors *file;
    float x[4];
    memcpy(good + 8, header, strlen(header));
    for (size_t cut = 0; cut < n; cut++) {
        scratch_write("cut.safetensors", good, cut);
        assert_int_equal(ix_safetensors_open_file(&file, scratch_path("cut.safetensors")), IX_EINPUT);
    }
    for (size_t i = 0; i < 8 + strlen(header); i++)
        for (size_t k = 0; k < sizeof changes; k++) {
            unsigned char was = good[i];
            good[i] = changes[k];
            scratch_write("cut.safetensors", good, n);
            good[i] = was;
            if (ix_safetensors_open_file(&file, scratch_path("cut.safetensors")) != IX_OK) continue;
            for (int t = 0; t < ix_safetensors_count(file); t++) {
                const ix_tensor_view *v = ix_safetensors_at(file, t);
                assert_true(v->count <= 4 || v->size <= 12);
                if (v->count <= 4) (void)ix_tensor_read_f32(v, 0, v->count, x);
                (void)ix_tensor_finite(v, NULL);
            }
            ix_safetensors_close(&file);
        }
}

/* --- folders -------------------------------------------------------------------------------------- */

#define SHARD(name) "{\"" name "\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"

static void put_index(const char *text)
{
    scratch_text("f/model.safetensors.index.json", text);
}

static void refuse_folder(const char *index, const char *file, const char *message)
{
    ix_safetensors *weights;
    put_index(index);
    CHECK_FAILS(ix_safetensors_open(&weights, scratch_path("f")), IX_EINPUT, message);
    assert_null(weights);
    if (!strstr(ix_message(), file)) fail_msg("'%s' lacks '%s'", ix_message(), file);
}

static void shards(void **state)
{
    (void)state;
    ix_safetensors *weights;
    CHECK_OK(ix_make_folders(scratch_path("f")));
    put_zeros("f/two.safetensors", SHARD("b"), 8);
    put_zeros("f/one.safetensors", SHARD("a"), 8);
    put_index("{\"weight_map\":{\"b\":\"two.safetensors\",\"a\":\"one.safetensors\"}}");
    CHECK_OK(ix_safetensors_open(&weights, scratch_path("f")));
    assert_int_equal(ix_safetensors_count(weights), 2);
    assert_int_equal(ix_safetensors_files(weights), 2);
    assert_non_null(strstr(ix_safetensors_path(weights, 0), "f/one.safetensors"));
    assert_non_null(strstr(ix_safetensors_find(weights, "b")->path, "f/two.safetensors"));
    ix_safetensors_close(&weights);

    refuse_folder("{\"weight_map\":{\"b\":\"two.safetensors\",\"a\":\"gone.safetensors\"}}", "f/gone.safetensors",
                  "No such file");
    refuse_folder("{\"weight_map\":{\"b\":\"two.safetensors\",\"a\":\"one.safetensors\",\"c\":\"one.safetensors\"}}",
                  "index.json", "tensor c is not in one.safetensors");
    refuse_folder("{\"weight_map\":{\"b\":\"one.safetensors\",\"a\":\"two.safetensors\"}}", "f/one.safetensors",
                  "tensor a belongs into two.safetensors");
    put_zeros("f/two.safetensors", "{" A ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}", 16);
    refuse_folder("{\"weight_map\":{\"b\":\"two.safetensors\",\"a\":\"one.safetensors\"}}", "f/two.safetensors",
                  "tensor a is in");
    refuse_folder("{\"weight_map\":{\"b\":\"two.safetensors\"}}", "f/two.safetensors",
                  "tensor a is not in the weight_map");
    refuse_folder("{\"weight_map\":{\"b\":\"../f/two.safetensors\"}}", "index.json",
                  "weight_map.b: ../f/two.safetensors");
    refuse_folder("{\"weight_map\":{\"b\":\"/etc/passwd\"}}", "index.json", "weight_map.b: /etc/passwd");
    refuse_folder("{\"weight_map\":{\"b\":\"..\"}}", "f/..", "not a regular file");
    refuse_folder("{\"weight_map\":{\"b\":3}}", "index.json", "weight_map.b must name a file");
    refuse_folder("{\"weight_map\":{\"b\":\"two\\u0000.safetensors\"}}", "index.json", "weight_map.b must name a file");
    refuse_folder("{\"weight_map\":{}}", "index.json", "weight_map is missing or empty");
    refuse_folder("{\"weight_map\":[]}", "index.json", "weight_map is missing or empty");
    refuse_folder("{\"weight_map\":{\"b\":\"two.safetensors\",\"b\":\"one.safetensors\"}}", "index.json", "duplicate");
    refuse_folder("{", "index.json", "JSON");

    put_zeros("f/model.safetensors", SHARD("alone"), 8);
    CHECK_OK(ix_safetensors_open(&weights, scratch_path("f")));
    assert_non_null(ix_safetensors_find(weights, "alone"));
    ix_safetensors_close(&weights);
}

static void no_weights(void **state)
{
    (void)state;
    ix_safetensors *weights;
    CHECK_FAILS(ix_safetensors_open(&weights, scratch_path("absent")), IX_EINPUT, "absent: no such folder");
    CHECK_OK(ix_make_folders(scratch_path("g")));
    CHECK_FAILS(ix_safetensors_open(&weights, scratch_path("g")), IX_EINPUT, "g: neither model.safetensors nor");
    scratch_text("g/pytorch_model.bin", "pickle");
    CHECK_FAILS(ix_safetensors_open(&weights, scratch_path("g")), IX_EINPUT, "save_pretrained");
}

/* --- real folders --------------------------------------------------------------------------------- */

static void shared_folders(void **state)
{
    (void)state;
    ix_safetensors *weights, *whole;
    if (!check_shared("models/TinyStories-656K/config.json")) skip();
    CHECK_OK(ix_safetensors_open(&weights, check_shared("models/TinyStories-656K/.")));
    assert_non_null(ix_safetensors_find(weights, "lm_head.weight"));
    assert_null(ix_safetensors_find(weights, "model.embed_tokens.weight"));
    ix_safetensors_close(&weights);

    CHECK_OK(ix_safetensors_open(&weights, check_shared("oracle/tiny/llama_sharded_bf16/.")));
    CHECK_OK(ix_safetensors_open(&whole, check_shared("oracle/tiny/llama_rope3_tied/.")));
    assert_int_equal(ix_safetensors_files(weights), 4);
    assert_int_equal(ix_safetensors_count(weights), ix_safetensors_count(whole));
    for (int i = 0; i < ix_safetensors_count(weights); i++) {
        const ix_tensor_view *b = ix_safetensors_at(weights, i), *f = ix_safetensors_at(whole, i);
        assert_string_equal(b->name, f->name);
        assert_true(b->dtype == IX_DTYPE_BF16 && b->count == f->count && ix_tensor_finite(b, NULL));
        float *x = malloc(f->size), *y = malloc(f->size);
        CHECK_OK(ix_tensor_read_f32(b, 0, b->count, x));
        CHECK_OK(ix_tensor_read_f32(f, 0, f->count, y));
        for (int64_t k = 0; k < f->count; k++) CHECK_NEAR(x[k], y[k], fabsf(y[k]) / 256); /* 8 bits, nearest */
        free(x);
        free(y);
    }
    ix_safetensors_close(&weights);
    ix_safetensors_close(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),  cmocka_unit_test(bytes_as_python),   cmocka_unit_test(writing_fails_cleanly),
        cmocka_unit_test(full_disk),   cmocka_unit_test(all_halves),        cmocka_unit_test(all_brains),
        cmocka_unit_test(other_types), cmocka_unit_test(hostile_headers),   cmocka_unit_test(hostile_lengths),
        cmocka_unit_test(deep_header), cmocka_unit_test(broken_everywhere), cmocka_unit_test(shards),
        cmocka_unit_test(no_weights),  cmocka_unit_test(shared_folders),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
