/* SPDX-License-Identifier: Apache-2.0
 *
 * HTML, LaTeX and figures: hostile names, no gnuplot, one run. */
#include "base/file.h"
#include "figure.h"
#include "report.h"
#include "runs.h"

static const run_set sets[] = {{"in <dist>", "in_distribution", NULL, 60, 40, 2},
                               {"a`id`\"b", "token_shift", NULL, 60, 30, 0}};
#define MODEL "m&m_<i>%`touch x`\"'\\"

typedef struct {
    char *folder;
    ix_material m;
    ix_report r;
} page;

static void open_page(page *p, bool twins)
{
    p->folder = run_folder();
    for (int o = 0; o <= twins; o++) {
        run_spec s = {.model = "plain", .objective = o ? "im_rm" : "ex_rm", .set = sets, .sets = 2};
        free(run_write(p->folder, &s));
    }
    CHECK_OK(ix_material_read(&p->m, (const char *const *)&p->folder, 1));
    for (int i = 0; i < p->m.records; i++) { /* a name that no file can have */
        free(p->m.record[i].model);
        p->m.record[i].model = ix_format("%s", MODEL);
        p->m.family[p->m.record[i].cell].model = p->m.record[i].model;
    }
    ix_report_make(&p->r, &p->m);
}

static void close_page(page *p)
{
    ix_report_free(&p->r);
    ix_material_free(&p->m);
    run_clean(p->folder);
}

static char *written(const page *p, const char *name)
{
    char *path = ix_format("%s/out/%s", p->folder, name), *text = NULL;
    size_t size;
    CHECK_OK(ix_file_read(path, &text, &size));
    free(path);
    return text;
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, what)); at++) n++;
    return n;
}

static bool there_is_gnuplot(void)
{
    return system("gnuplot --version >/dev/null 2>&1") == 0;
}

static char *write_html(const page *p, bool *drawn)
{
    char *out = ix_format("%s/out", p->folder);
    CHECK_OK(ix_report_write_html(&p->r, out, drawn));
    free(out);
    return written(p, "report.html");
}

static void test_html(void **state)
{
    page p;
    bool drawn = false;
    (void)state;
    open_page(&p, true);
    char *html = write_html(&p, &drawn);
    assert_non_null(strstr(html, "m&amp;m_&lt;i&gt;%`touch x`&quot;"));
    assert_non_null(strstr(html, "in &lt;dist&gt;"));
    assert_null(strstr(html, "<script"));
    assert_null(strstr(html, "m&m_<i>"));
    assert_int_equal(count(html, "<table>"), count(html, "</table>"));
    assert_int_equal(count(html, "<section "), count(html, "</section>"));
    free(html);
    close_page(&p);
}

/* Every figure is drawn, in twins and in one run alone; names inside of one do not meet those of another. */
static void test_figures(void **state)
{
    (void)state;
    if (!there_is_gnuplot()) {
        print_message("SKIP: gnuplot is not installed\n");
        skip();
    }
    for (int twins = 0; twins < 2; twins++) {
        page p;
        bool drawn = false;
        open_page(&p, twins);
        assert_true(p.r.tables.figures > (twins ? 5 : 3));
        char *html = write_html(&p, &drawn);
        assert_true(drawn);
        assert_int_equal(count(html, "<svg"), p.r.tables.figures);
        assert_int_equal(count(html, "</svg>"), p.r.tables.figures);
        assert_int_equal(count(html, "id=\"f1-gnuplot_canvas\""), 1);
        assert_non_null(strstr(html, "accuracy over epochs") ? html : strstr(html, "Accuracy over epochs"));
        free(html);
        close_page(&p);
    }
}

/* Without gnuplot the page says so and has its tables; nothing fails. */
static void test_without_gnuplot(void **state)
{
    page p;
    bool drawn = true;
    char *path = ix_format("%s", getenv("PATH"));
    (void)state;
    open_page(&p, true);
    setenv("PATH", "/nowhere", 1);
    char *html = write_html(&p, &drawn), *out = ix_format("%s/out", p.folder);
    assert_false(drawn);
    assert_non_null(strstr(ix_message(), "gnuplot is not installed"));
    assert_non_null(strstr(html, "There are no figures here:</b> gnuplot is not installed"));
    assert_int_equal(count(html, "<svg"), 0);
    assert_true(count(html, "<table>") > 5);
    CHECK_OK(ix_report_write_tex(&p.r, out, &drawn));
    assert_false(drawn);
    char *tex = written(&p, "report.tex");
    assert_null(strstr(tex, "includegraphics["));
    setenv("PATH", path, 1);
    free(path);
    free(html);
    free(out);
    free(tex);
    close_page(&p);
}

static void test_tex(void **state)
{
    page p;
    bool drawn;
    (void)state;
    open_page(&p, true);
    char *out = ix_format("%s/out", p.folder);
    CHECK_OK(ix_report_write_tex(&p.r, out, &drawn));
    char *tex = written(&p, "report.tex"), *table = written(&p, "tables/accuracy.tex");
    assert_non_null(strstr(table, "m\\&m\\_$<$i$>$\\%`touch x`'''\\textbackslash{}"));
    assert_non_null(strstr(table, "\\toprule"));
    assert_non_null(strstr(table, "\\bottomrule"));
    assert_non_null(strstr(tex, "\\input{tables/accuracy.tex}"));
    assert_int_equal(count(tex, "includegraphics["), drawn ? p.r.tables.figures : 0);
    free(tex);
    free(table);
    free(out);
    close_page(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_html),
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_without_gnuplot),
        cmocka_unit_test(test_tex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
