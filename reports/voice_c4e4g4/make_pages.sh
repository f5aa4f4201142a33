#!/bin/sh
# Make the two pages again, whose tables and numbers stand here: pages/report and pages/audit.
#
#     reports/voice_c4e4g4/make_pages.sh DATA [MODELS]
#
# DATA is the folder of the 255 recordings; MODELS, models beside the pages unless it is given, keeps
# crnn and laplace. One that is there already is used as it is. The audit trains five networks.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
data=${1:?"usage: $0 DATA [MODELS]"}
pages=$here/pages
models=${2:-$pages/models}
mkdir -p "$pages" "$models"

[ -e "$models/crnn" ] || bayes-a2m train crnn --data "$data" --out "$models/crnn"
[ -e "$models/laplace" ] ||
    bayes-a2m train laplace --data "$data" --out "$models/laplace" --from "$models/crnn"
bayes-a2m report "$models/laplace" --data "$data" --split validation --out "$pages/report" \
    --no-sound --worst 4
bayes-a2m audit "$data" --out "$pages/audit" --no-sound --show 12 --write-aligned "$pages/aligned"
echo "$pages/report/index.html"
echo "$pages/audit/index.html"
