#!/bin/sh
# verify.sh ['origin+id+key']: run it in the directory of an unpacked evidence pack.
# It needs sha256sum, openssl 3, base64, xxd, cut, head, tail, find, grep,
# sort and sed, and nothing of waguard. Give it the key of the log as you know it from elsewhere: the one in the pack
# proves only that the pack is in one piece.
set -eu
cd "$(dirname "$0")"
key=${1:-}
if [ -z "$key" ]; then
    key=$(cat verifier.txt)
    echo "No key was given: the one in the pack is taken, which proves nothing of who made it." >&2
fi
tmp=$(mktemp -d)
trap 'rm -r "$tmp"' EXIT
fail() { echo "FAILED: $1" >&2; exit 1; }

# The key stands behind one byte for its kind; in front of it goes the header of a DER file.
{ printf 302a300506032b6570032100 | xxd -r -p; printf %s "${key#*+*+}" | base64 -d | tail -c 32; } > "$tmp/key"
origin=${key%%+*}

# The sums, who signed them, and every file by them.
openssl pkeyutl -verify -pubin -keyform DER -inkey "$tmp/key" -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig > "$tmp/said" || fail "SHA256SUMS is not signed by that key"
sed '/^$/,$d' SHA256SUMS.note > "$tmp/noted"
test "$(sha256sum < "$tmp/noted")" = "$(sha256sum < SHA256SUMS)" || fail "SHA256SUMS.note is over other sums"
sed -n 's/^— [^ ]* //p' SHA256SUMS.note | head -n 1 | base64 -d | tail -c 64 > "$tmp/signature"
test "$(sha256sum < "$tmp/signature")" = "$(sha256sum < SHA256SUMS.sig)" || fail "SHA256SUMS.note has another signature"
sha256sum --quiet --strict -c SHA256SUMS || fail "a file is not the one that was signed"
cut -c 67- SHA256SUMS | sort > "$tmp/listed"
find . ! -type d | cut -c 3- | grep -vx 'SHA256SUMS\(\.sig\|\.note\)\{0,1\}' | sort > "$tmp/there"
test "$(sha256sum < "$tmp/there")" = "$(sha256sum < "$tmp/listed")" || fail "a file was put into the pack after it was signed"
number() { case $1 in '' | *[!0-9]*) fail "$2 has no number where one must be" ;; esac }

# signed FILE: a checkpoint is signed by the key, under the name of this log or of one that it continued.
signed() {
    sed '/^$/,$d' "$1" > "$tmp/text"
    case "$(sed -n 1p "$tmp/text")" in
    "${origin%/[0-9]*}" | "${origin%/[0-9]*}"/* | "$origin") ;;
    *) fail "$1 is of another log" ;;
    esac
    sed -n 's/^— [^ ]* //p' "$1" | head -n 1 | base64 -d | tail -c 64 > "$tmp/signature"
    openssl pkeyutl -verify -pubin -keyform DER -inkey "$tmp/key" -rawin -in "$tmp/text" -sigfile "$tmp/signature" > "$tmp/said" || fail "$1 has a checkpoint that the key has not signed"
}
signed checkpoint.txt

# Each record: its leaf is in the log, and the leaf commits to what opens it.
records=0 opened=0
for dir in records/*/; do
    test -f "$dir/leaf.json" || continue
    sed '1,/^$/d' "$dir/record.proof" > "$tmp/checkpoint"
    signed "$tmp/checkpoint"
    index=$(sed -n 's/^index //p' "$dir/record.proof")
    last=$(sed -n 2p "$tmp/text")
    number "$index" "$dir"
    number "$last" "$dir"
    last=$((last - 1))
    test "$index" -le "$last" || fail "$dir is behind the end of the log"
    hash=$({ printf '\0'; cat "$dir/leaf.json"; } | sha256sum | cut -c 1-64)
    # The way from the leaf to the root: RFC 9162, section 2.1.3.2.
    for line in $(sed -n '/^index /,/^$/p' "$dir/record.proof" | sed '1d;$d'); do
        other=$(printf %s "$line" | base64 -d | xxd -p -c 64)
        test "$last" -ne 0 || fail "$dir is not in the log"
        if [ $((index & 1)) = 1 ] || [ "$index" = "$last" ]; then
            hash=$(printf %s "01$other$hash" | xxd -r -p | sha256sum | cut -c 1-64)
            while [ $((index & 1)) = 0 ] && [ "$index" != 0 ]; do index=$((index >> 1)) last=$((last >> 1)); done
        else
            hash=$(printf %s "01$hash$other" | xxd -r -p | sha256sum | cut -c 1-64)
        fi
        index=$((index >> 1)) last=$((last >> 1))
    done
    test "$last" = 0 && test "$hash" = "$(sed -n 3p "$tmp/text" | base64 -d | xxd -p -c 64)" || fail "$dir is not in the log"
    records=$((records + 1))
    test -f "$dir/opening.bin" || continue
    test "$(sha256sum < "$dir/opening.bin" | cut -c 1-64)" = "$(sed 's/.*"commitment":"\([0-9a-f]*\)".*/\1/' "$dir/leaf.json")" || fail "$dir: the leaf commits to something else than opening.bin"
    opened=$((opened + 1))
done
echo "The pack is as it was signed; $records records are in the log, and $opened of them are opened."
