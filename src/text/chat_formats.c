/* SPDX-License-Identifier: Apache-2.0 */
#include "text/chat_formats.h"

#include <stdarg.h>

#include "text/unicode.h"

static const char *const none[] = {NULL};

/* Appends texts, the last followed by NULL; one after another, so that a template reads like itself. */
static ix_status put(ix_text *out, const char *text, ...)
{
    va_list more;
    ix_status rc = IX_OK;
    va_start(more, text);
    for (; text && rc == IX_OK; text = va_arg(more, const char *)) rc = ix_text_add(out, text, strlen(text));
    va_end(more);
    return rc;
}

static bool is_role(const ix_chat_message *m, const char *role)
{
    return strcmp(m->role, role) == 0;
}

/* Python's str.strip(): \s and the four information separators. */
static bool is_blank(const char *text, size_t at, size_t *length)
{
    return (ix_class_at(text, at, length) & IX_SPACE) || (text[at] >= 0x1C && text[at] <= 0x1F);
}

static ix_status put_stripped(ix_text *out, const ix_chat_message *m)
{
    size_t begin = 0, end = m->size, length;
    while (begin < end && is_blank(m->content, begin, &length)) begin += length;
    while (end > begin && is_blank(m->content, ix_utf8_before(m->content, end), &length)) end -= length;
    return ix_text_add(out, m->content + begin, end - begin);
}

/* --- default: the authors', for tokenizers without a template ------------------------------------------------------
 */

static ix_status prepare_default(ix_tokenizer *tok)
{
    static const char *const roles[] = {"<|user|>", "<|assistant|>"};
    const char *pad = ix_tokenizer_pad(tok);
    int32_t id;
    ix_status rc = IX_OK;
    if (!pad || ix_tokenizer_find(tok, pad) == 0) rc = ix_tokenizer_add(tok, "<|padding|>", true, &id);
    for (size_t i = 0; i < 2 && rc == IX_OK; i++) rc = ix_tokenizer_add(tok, roles[i], true, &id);
    return rc;
}

static ix_status render_default(const ix_chat *chat, const ix_chat_message *m, int count, bool generation_prompt,
                                ix_text *out)
{
    ix_status rc = IX_OK;
    for (int i = 0; i < count; i++) {
        IX_TRY(put(out, is_role(&m[i], "user") ? "<|user|>" : "<|assistant|>", NULL));
        IX_TRY(ix_text_add(out, m[i].content, m[i].size));
        IX_TRY(put(out, chat->eos, NULL));
    }
    if (generation_prompt) rc = put(out, "<|assistant|>", NULL);
done:
    return rc;
}

/* For exported folders; .hashes has its SHA-256, so that it is known again. */
static const char default_jinja[] =
    "{% for message in messages %}{% if message['role'] == 'user' %}<|user|>{% else %}<|assistant|>{% endif %}"
    "{{ message['content'] }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";

static const ix_chat_format by_default = {
    .name = "default",
    .hashes = (const char *const[]){"5e65bdba62358aba001b8ced3ddd2ea298a7ed50408f6b5bd5724c2197402e66", NULL},
    .markers = none,
    .tokens = none,
    .eos = true,
    .prepare = prepare_default,
    .jinja = default_jinja,
    .render = render_default,
};

/* --- miniworld: the embedded world ----------------------------------------------------------------------------------
 */

static ix_status render_miniworld(const ix_chat *chat, const ix_chat_message *m, int count, bool generation_prompt,
                                  ix_text *out)
{
    ix_status rc = IX_OK;
    (void)chat;
    for (int i = 0; i < count; i++) {
        bool user = is_role(&m[i], "user");
        IX_TRY(put(out, i > 0 ? " " : "", user ? "<user> " : "<asst> ", NULL));
        IX_TRY(ix_text_add(out, m[i].content, m[i].size));
        if (!user) IX_TRY(put(out, " <end>", NULL));
    }
    if (generation_prompt) rc = put(out, " <asst> ", NULL);
done:
    return rc;
}

static const ix_chat_format miniworld = {
    .name = "miniworld",
    .hashes = (const char *const[]){"5c834002cdda98eaf8bc4c29d68b906b214e9c4878b6331cdb792a473a086767", NULL},
    .markers = none,
    .tokens = (const char *const[]){"<user>", "<asst>", "<end>", NULL},
    .render = render_miniworld,
};

/* --- Llama 3 instruct; 3.1 to 3.3 instruct, without tools, open with a system turn of their own
 * ------------------------
 */

static ix_status put_llama(ix_text *out, const ix_chat_message *m, int count, bool generation_prompt)
{
    ix_status rc = IX_OK;
    for (int i = 0; i < count; i++) {
        IX_TRY(put(out, "<|start_header_id|>", m[i].role, "<|end_header_id|>\n\n", NULL));
        IX_TRY(put_stripped(out, &m[i]));
        IX_TRY(put(out, "<|eot_id|>", NULL));
    }
    if (generation_prompt) rc = put(out, "<|start_header_id|>assistant<|end_header_id|>\n\n", NULL);
done:
    return rc;
}

static ix_status render_llama3(const ix_chat *chat, const ix_chat_message *m, int count, bool generation_prompt,
                               ix_text *out)
{
    ix_status rc = put(out, chat->bos, NULL);
    return rc == IX_OK ? put_llama(out, m, count, generation_prompt) : rc;
}

static ix_status render_llama32(const ix_chat *chat, const ix_chat_message *m, int count, bool generation_prompt,
                                ix_text *out)
{
    ix_status rc = IX_OK;
    int first = is_role(&m[0], "system") ? 1 : 0;
    IX_TRY(put(out, chat->bos, "<|start_header_id|>system<|end_header_id|>\n\n",
               "Cutting Knowledge Date: December 2023\nToday Date: ", chat->date, "\n\n", NULL));
    if (first) IX_TRY(put_stripped(out, &m[0]));
    IX_TRY(put(out, "<|eot_id|>", NULL));
    IX_TRY(put_llama(out, m + first, count - first, generation_prompt));
done:
    return rc;
}

static const char *const llama_tokens[] = {"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", NULL};

static const ix_chat_format llama32 = {
    .name = "llama3.2-instruct",
    .hashes = (const char *const[]){"2d682ec1336fb0e625b06118d22330c8cf069a8912b66e8a71cfec65daf67e0a", NULL},
    .markers = (const char *const[]){"bos_token", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>",
                                     "Cutting Knowledge Date: December 2023", "Today Date: ", "trim", NULL},
    .tokens = llama_tokens,
    .bos = true,
    .date = true,
    .render = render_llama32,
};

static const ix_chat_format llama3 = {
    .name = "llama3-instruct",
    .hashes = none,
    .markers = (const char *const[]){"set loop_messages = messages", "bos_token", "<|start_header_id|>",
                                     "<|end_header_id|>", "<|eot_id|>", "trim", "add_generation_prompt", NULL},
    .tokens = llama_tokens,
    .bos = true,
    .render = render_llama3,
};

/* --- ChatML, and Qwen2.5 with its system prompt ---------------------------------------------------------------------
 */

static ix_status put_chatml(ix_text *out, const ix_chat_message *m, int count, bool generation_prompt)
{
    ix_status rc = IX_OK;
    for (int i = 0; i < count; i++) {
        IX_TRY(put(out, "<|im_start|>", m[i].role, "\n", NULL));
        IX_TRY(ix_text_add(out, m[i].content, m[i].size));
        IX_TRY(put(out, "<|im_end|>\n", NULL));
    }
    if (generation_prompt) rc = put(out, "<|im_start|>assistant\n", NULL);
done:
    return rc;
}

static ix_status render_chatml(const ix_chat *chat, const ix_chat_message *m, int count, bool generation_prompt,
                               ix_text *out)
{
    (void)chat;
    return put_chatml(out, m, count, generation_prompt);
}

#define QWEN_SYSTEM "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."

static ix_status render_qwen(const ix_chat *chat, const ix_chat_message *m, int count, bool generation_prompt,
                             ix_text *out)
{
    (void)chat;
    ix_status rc = IX_OK;
    if (!is_role(&m[0], "system")) rc = put(out, "<|im_start|>system\n" QWEN_SYSTEM "<|im_end|>\n", NULL);
    return rc == IX_OK ? put_chatml(out, m, count, generation_prompt) : rc;
}

static const char *const im_tokens[] = {"<|im_start|>", "<|im_end|>", NULL};

static const ix_chat_format qwen = {
    .name = "qwen2.5-instruct",
    .hashes = (const char *const[]){"b1d2bb00d59cae00a80c2b526765a9cc502bc5a138a4a84b6cdea71b3e631df1", NULL},
    .markers = (const char *const[]){"<|im_start|>", "<|im_end|>", QWEN_SYSTEM, NULL},
    .tokens = im_tokens,
    .render = render_qwen,
};

static const ix_chat_format chatml = {
    .name = "chatml",
    .hashes = (const char *const[]){"58c1a1f04baa7adaeaba1f90267c3d57d9396f0c1f0129bdde9e76d3c6784af7",
                                    "153280e3ff55d19da1398bdb3914ee2a51b80429bfaedde11d7d216c39db80f3",
                                    "d7b5b8c7b58f7a6bf868aa46a5f73ee976d7292f40fcb9c3e7a1defd8d235cfb",
                                    "fcf7a096fe99a48fd9ad2b250bf9237e96e8f48bffec1c7ea4d3f225176cd40e",
                                    "48207306f75c7af7b699867a4271e409a0322d49454c8afc868d81ecbc247933",
                                    "920ae9626bf1a4add08ed283b82cec95f1dea53bc5e82bb84be49c63f04be700", NULL},
    .markers = none,
    .tokens = im_tokens,
    .render = render_chatml,
};

/* --- Gemma 1 and 2: no system role, turns alternate -----------------------------------------------------------------
 */

static ix_status render_gemma(const ix_chat *chat, const ix_chat_message *m, int count, bool generation_prompt,
                              ix_text *out)
{
    ix_status rc = IX_OK;
    IX_NEED(!is_role(&m[0], "system"), IX_EINPUT,
            "chat format gemma-it: message 1: it has no system role; put such text into the first user message");
    IX_TRY(put(out, chat->bos, NULL));
    for (int i = 0; i < count; i++) {
        bool user = is_role(&m[i], "user");
        IX_NEED(user == (i % 2 == 0), IX_EINPUT,
                "chat format gemma-it: message %d: roles must alternate user, assistant", i + 1);
        IX_TRY(put(out, "<start_of_turn>", is_role(&m[i], "assistant") ? "model" : m[i].role, "\n", NULL));
        IX_TRY(put_stripped(out, &m[i]));
        IX_TRY(put(out, "<end_of_turn>\n", NULL));
    }
    if (generation_prompt) rc = put(out, "<start_of_turn>model\n", NULL);
done:
    return rc;
}

static const ix_chat_format gemma = {
    .name = "gemma-it",
    .hashes = (const char *const[]){"ecd6ae513fe103f0eb62e8ab5bfa8d0fe45c1074fa398b089c93a7e70c15cfd6", NULL},
    .markers = (const char *const[]){"bos_token", "<start_of_turn>", "<end_of_turn>", "System role not supported",
                                     "trim", NULL},
    .tokens = (const char *const[]){"<start_of_turn>", "<end_of_turn>", NULL},
    .bos = true,
    .render = render_gemma,
};

const ix_chat_format *const ix_chat_formats[] = {&by_default, &miniworld, &llama32, &llama3,
                                                 &qwen,       &gemma,     &chatml,  NULL};
