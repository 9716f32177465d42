#!/usr/bin/env bash
# Makes two richer ledgers with the program itself, for the second implementation to audit:
#   OUT/a  revised, withdrawn, expired, set aside and reaffirmed things, a new policy, a model, a rotated key
#   OUT/b  more than 256 entries, so that there are full tiles, a level above them, and several maps to come
set -euo pipefail
grounds=$(realpath "$1") out=$2
rm -rf "$out" && mkdir -p "$out" && cd "$out"
export GROUNDS_CONFIG=$PWD/config GROUNDS_CACHE=$PWD/cache NO_COLOR=1
export GROUNDS_LEDGER=$PWD/a
g() { "$grounds" "$@" </dev/null; }

g init "$PWD/a" --origin claims.example/richer --name Ada
g agent add carl --name Carl --role contributor --role curator --new-key carl
g agent add atte --name Atte --role attester --reliability 0.83 --community elsewhere --new-key atte
g claim add "Rain falls mainly on the plain" --slug rain --domain weather=0.9 --domain "Ärger=0.1"
g claim add "Snow falls mainly on the hills" --slug snow
g context add "The plain" --slug plain --kind domain_scope
g claim scope rain --holds-in plain --breadth 0.35
g --key carl evidence add rain --supports --doi 10.1234/abc --title "On rain" --strength 0.7 -m "It rained."
g --key carl evidence add rain --disputes --url https://example.org/dry --title "On drought" --strength 0.65 -m "It did not."
g --key carl evidence add snow --supports --doi 10.1234/abc --passage "a=0.5" --passage "b=0.25" -m "It snowed."
doi=$(grep -o 'artifact/[a-z0-9-]*' a/events/*.jsonl | head -n 1)
dry=$(grep -o 'artifact/[a-z0-9-]*' a/events/*.jsonl | sort -u | tail -n 1)
g artifact appraise "$doi" --credibility 0.81 --methodology 0.64 --replication 0.5
g --key carl artifact appraise "$dry" --credibility 0.4
g --key atte attest rain --verdict verifies --weight 0.9 -m "So it is."
g --key atte attest snow --verdict disputes --weight 0.4 --expires 2027-01
g claim revise rain --statement "Rain falls mostly on the plain" -m "Better words."
g --key atte attest rain --verdict disputes --weight 0.7 -m "Not any more."
g claim status rain --lifecycle active --standing contested -m "Both ways."
g claim link rain contradicts snow
g --key carl evidence revise rain "$dry" --strength 0.3 -m "Weaker than it looked."
g artifact standing "$dry" concern -m "Data are asked for."
carl=$(ssh-keygen -lf carl.pub | cut -d' ' -f2)
from=$(grep -n '"type":"evidence.revised"' a/events/*.jsonl | cut -d: -f1)
g key revoke "$carl" --reason compromised --since "@$((from - 1))"
g steward reaffirm "@$((from - 1))" -m "It was meant."
g agent add berta --name Berta --role steward --role curator --new-key berta
cat >act.json <<'J'
[{"subject":"agent/carl","type":"note.added","data":{"text":"His key was stolen."}}]
J
g act --from act.json
g steward adopt-model claim_support_vector@v1.0
g steward policy shared --out policy.json
g --key berta sign policy.json
g submit policy.json
g verify

export GROUNDS_LEDGER=$PWD/b
g init "$PWD/b" --origin claims.example/many --name Ada
g claim add "Many things are said" --slug many
for n in $(seq 300); do g note many -m "note $n" >/dev/null; done
g verify
