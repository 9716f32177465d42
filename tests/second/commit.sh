#!/usr/bin/env bash
# Checks tests/vectors/commit.json with tools that everybody has: sha256sum for ids and leaves,
# ssh-keygen for key ids, openssl for signatures, jq to read.
set -euo pipefail
vectors=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

unhex() { # hex digits -> bytes
  local escaped
  escaped=$(sed 's/../\\x&/g' <<<"$1")
  printf '%b' "$escaped"
}

same() { # what, found, expected
  if [ "$2" != "$3" ]; then
    echo "$1: found $2, expected $3" >&2
    exit 1
  fi
  checked=$((checked + 1))
}

checked=0
while IFS=$'\t' read -r raw public id; do
  printf '%s\n' "$public" >"$work/key.pub"
  same "key id by ssh-keygen" "$(ssh-keygen -l -E sha256 -f "$work/key.pub" | cut -d' ' -f2)" "$id"
  # SubjectPublicKeyInfo of an Ed25519 key (RFC 8410): a fixed head and the 32 bytes.
  unhex "302a300506032b6570032100$raw" >"$work/$(sha256sum <<<"$id" | cut -c1-64).der"
done < <(jq -r '.keys[] | [.raw, .public, .id] | @tsv' "$vectors")

while read -r commit; do
  field() { jq -r "$1" <<<"$commit"; }
  unhex "$(field .commit)" >"$work/commit"
  unhex "$(field .message)" >"$work/message"
  unhex "$(field .line)" >"$work/line"
  same "commit id by sha256sum" "$(sha256sum <"$work/commit" | cut -c1-64)" "$(field .commit_id)"
  leaf=$( (printf '\0'; cat "$work/line") | sha256sum | cut -c1-64)
  same "leaf by sha256sum" "$leaf" "$(field .leaf)"
  same "line as jq reads it" "$(jq -c .commit "$work/line" | sha256sum)" "$(jq -c . "$work/commit" | sha256sum)"
  while IFS=$'\t' read -r id sig; do
    base64 -d <<<"$sig" >"$work/sig"
    found=$(openssl pkeyutl -verify -pubin -keyform DER -rawin \
      -inkey "$work/$(sha256sum <<<"$id" | cut -c1-64).der" \
      -sigfile "$work/sig" -in "$work/message" 2>&1) || true
    same "signature by openssl" "$found" "Signature Verified Successfully"
  done < <(jq -r '.signatures[] | [.key, .sig] | @tsv' <<<"$commit")
done < <(jq -c '.commits[]' "$vectors")
[ "$checked" -gt 0 ]
echo "$vectors: $checked facts hold by ssh-keygen, openssl, jq and sha256sum"
