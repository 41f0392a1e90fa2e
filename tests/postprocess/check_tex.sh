#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_tex.sh WRITER IMPEX_REPORT: pdflatex takes the report's LaTeX, and each of its tables in a document of its own.
set -eu
for needed in pdflatex kpsewhich; do
    command -v $needed >/dev/null || { echo "SKIP: $needed is not installed (texlive-latex-base)"; exit 77; }
done
kpsewhich booktabs.sty >/dev/null || { echo "SKIP: booktabs is not installed (texlive-latex-recommended)"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$folder/results" 12 4 2 40 3
"$2" "$folder/results" --format tex --out "$folder/tex"
cd "$folder/tex"

compile() {
    pdflatex -interaction=nonstopmode -halt-on-error "$1" >log 2>&1 || { cat log; exit 1; }
    ! grep -q '^! ' log || { cat log; exit 1; }
}

compile report.tex
[ -s report.pdf ]
for table in tables/*.tex; do
    printf '\\documentclass{article}\\usepackage[utf8]{inputenc}\\usepackage{booktabs,longtable}
\\begin{document}\\input{%s}\\end{document}\n' "$table" >one.tex
    compile one.tex
done
echo "report.tex and $(ls tables | wc -l) tables compile"
