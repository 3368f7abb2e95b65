#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# figures.sh JSON DOCUMENT - puts the figures of a bench into a document, between the lines "<!-- figures -->" and
# "<!-- end of figures -->".
set -eu
json=${1:?usage: figures.sh JSON DOCUMENT} document=${2:?usage: figures.sh JSON DOCUMENT}
grep -qx '<!-- figures -->' "$document" && grep -qx '<!-- end of figures -->' "$document" ||
	{ echo "figures.sh: $document has no place for them" >&2; exit 1; }
new=$(mktemp)
trap 'rm -f "$new"' EXIT
sed '/^<!-- figures -->$/q' "$document" >"$new"
{ echo; jq -r -f "$(dirname "$0")/figures.jq" "$json"; echo; } >>"$new"
sed -n '/^<!-- end of figures -->$/,$p' "$document" >>"$new"
cat "$new" >"$document"
