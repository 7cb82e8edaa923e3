#!/bin/sh
# Every page, picture and graph that a program writes: what `make pages` runs. A page is replaced when it is whole, so
# that a program that fails leaves the old one. The difference is for a person to read; the tests hold each page.
#
#   setup/pages.sh            all but the effects of named changes, which take ten minutes
#   setup/pages.sh effects    those too
set -eu
python=${PYTHON:-.venv/bin/python}
new=$(mktemp)
said=$(mktemp)
trap 'rm -f "$new" "$said"' EXIT

# write FILE MODULE [WORD ...]: what a program prints becomes the file.
write() {
    file=$1
    shift
    "$python" -m "$@" > "$new" 2> "$said" || {
        cat "$said" >&2
        exit 1
    }
    if ! cmp -s "$new" "$file"; then
        cat "$new" > "$file"
        echo "$file"
    fi
}

"$python" -m tests.unit.infra.graph_page # the graphs of dev, prod and local
"$python" -m infra.reference             # docs/configuration.md, docs/estate.schema.json
"$python" -m policy.reference            # docs/policies.md
write docs/alarms.md infra.alarm_reference
write docs/lint.md schema.lint.page
write docs/platform_access.md tests.sql.matrix.page
write docs/familytales_access.md tests.sql.familytales_matrix.page
for picture in estate way schema_step delivery; do # after the graphs, which the first three read
    write "docs/$picture.svg" "drawing.$picture"
done
write docs/schema.svg drawing.migration
for service in platform familytales; do
    write "docs/$service.svg" drawing "$service"
    write "docs/${service}_dashboard.svg" drawing.dashboard "$service"
done
if [ "${1:-}" = effects ]; then
    "$python" -m tests.e2e.estate.named_changes dev prod
fi
