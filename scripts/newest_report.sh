#!/bin/sh
# Prints the page of the newest run. Usage: newest_report.sh RUNS
set -eu
newest=$(ls -t "$1"/*/*.html 2>/dev/null | head -n 1)
if [ -z "$newest" ]; then
    echo "No report in $1: does the configuration ask for one, as reports: [html]?" >&2
    exit 1
fi
echo "Report: $(pwd)/$newest"
