#!/usr/bin/env bash
# Makes, with the program itself, what other people's verifiers are shown:
#   OUT/long           some 1,300 entries: full tiles, tiles of level 1, partial tiles of older heads
#   OUT/forked         the same log key over another history, from entry 302 on
#   OUT/heads/SIZE     each head that the long ledger published
#   OUT/forks/SIZE     each head that only the fork published
#   OUT/proofs/SIZE-I  proofs of entries, made at that head
#   OUT/grown/OLD-NEW  proofs that one head extends another
#   OUT/fork           the proof that the log signed two histories
#   OUT/mirror         a mirror of the long ledger
#   OUT/vkey           the log's key, as `init` printed it
#   OUT/claims         a small ledger: revised, withdrawn, retracted and set-aside things, a rotated key
set -euo pipefail
grounds=$(realpath "$1") out=$2
rm -rf "$out" && mkdir -p "$out"/{heads,forks,proofs,grown} && cd "$out"
export GROUNDS_CONFIG=$PWD/config GROUNDS_CACHE=$PWD/cache NO_COLOR=1
export GROUNDS_LEDGER=$PWD/long
g() { "$grounds" "$@" </dev/null; }

notes() { # up to this size; the text tells the fork from the long ledger
  local index
  for ((index = $(sed -n 2p "$GROUNDS_LEDGER/checkpoint"); index < $1; index++)); do
    printf '{"subject":"claim/many","type":"note.added","data":{"text":"%s %s"}}\n' "$2" "$index"
  done >notes.jsonl
  g import jsonl notes.jsonl --commit-size 1
}
published() { # folder
  cp "$GROUNDS_LEDGER/checkpoint" "$1/$(sed -n 2p "$GROUNDS_LEDGER/checkpoint")"
}
proofs() { # indexes
  local index
  for index in "$@"; do
    g prove "@$index.0" -o "proofs/$(sed -n 2p "$GROUNDS_LEDGER/checkpoint")-$index"
  done
}

g init "$GROUNDS_LEDGER" --origin claims.example/foreign --name Ada | tee init.txt
grep -o 'claims.example/foreign+[0-9a-f]*+[A-Za-z0-9+/=]*' init.txt | head -n 1 >vkey
published heads
proofs 0
g claim add "Many things are said" --slug many
published heads
for size in 255 256 257 302; do
  notes "$size" note
  published heads
done
proofs 0 1 255 256 301

# The signer's state goes with the key: to the log key, either history extends its last head.
cp -r config config-of-fork && cp -r long forked
for size in 512 700 1302; do
  notes "$size" note
  published heads
done
proofs 0 1 255 256 511 512 1023 1024 1300 1301
(
  export GROUNDS_CONFIG=$PWD/config-of-fork GROUNDS_LEDGER=$PWD/forked
  for size in 512 900; do
    notes "$size" "another note"
    published forks
  done
)

for size in 1 255 256 302 700 1302; do
  g prove --from "heads/$size" -o "grown/$size-1302"
done
g prove --from heads/302 --to heads/700 -o grown/302-700
g prove --fork forks/900 -o fork
g mirror long mirror --vkey "$(cat vkey)"

export GROUNDS_LEDGER=$PWD/claims
g init "$GROUNDS_LEDGER" --origin claims.example/few --name Ada
g agent add carl --name Carl --role contributor --role curator --new-key carl
g agent add atte --name Atte --role attester --reliability 0.83 --community elsewhere --new-key atte
g claim add "Rain falls mainly on the plain" --slug rain --domain weather=0.9
g claim add "Snow falls mainly on the hills" --slug snow
g context add "The plain" --slug plain --kind domain_scope
g claim scope rain --holds-in plain --breadth 0.35
g --key carl evidence add rain --supports --doi 10.1234/abc --title "On rain" --strength 0.7 -m "It rained."
g --key carl evidence add rain --disputes --url https://example.org/dry --title "On drought" -m "It was dry."
g --key atte attest rain --verdict verifies --weight 0.9 -m "So it is."
g claim revise rain --statement "Rain falls mostly on the plain" -m "Better words."
g claim link rain contradicts snow
g --key carl key rotate --new-key carl-2
g --key carl-2 evidence revise rain on-drought --strength 0.3 -m "Weaker than it looked."
g --key carl-2 evidence withdraw rain on-rain -m "It was another plain."
g artifact standing on-rain retracted -m "Its data were made up."
g --key atte attest snow --verdict disputes --weight 0.4 --expires 2027-01
last=$(($(sed -n 2p "$GROUNDS_LEDGER/checkpoint") - 1))
g key revoke "$(ssh-keygen -lf atte.pub | cut -d' ' -f2)" --reason compromised --since "@$last"
g note rain -m "Its second attester's key was stolen."
cat >act.json <<'J'
[{"subject":"agent/carl","type":"note.added","data":{"text":"Now a curator alone."}},
 {"subject":"agent/carl","type":"agent.changed","data":{"roles":["curator"]}}]
J
g act --from act.json
g verify
