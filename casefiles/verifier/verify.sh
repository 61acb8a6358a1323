#!/bin/bash
# Checks an evidence bundle with bash, coreutils, OpenSSL 3 and unzip: none of our programs.
#
#   bash verify.sh [--trust ROOT.pem]... [--seal SHA256] [--log VKEY] [--bundle FILE.asice] [ROOT.pem]...
#
# Without --bundle it checks the unzipped folder that it lies in. Roots are certificates that
# you trust and did not take from the bundle; without one, nothing can be more than undecided.
# SHA256 is the fingerprint of the seal's certificate, from the covering letter. Without it, one
# root for seal and time stamps leaves open who sealed; with it or without, it leaves open when.
# VKEY is the key of the log, from the covering letter or from anybody who keeps daily seals.
# Exit: 0 all checks hold, 1 one does not, 2 usage, 3 undecided.
#
# This copy came with the bundle. Whoever could forge the bundle could forge it too: take it
# from elsewhere, or read it.
set -euo pipefail
shopt -s nullglob dotglob globstar
export LC_ALL=C TZ=UTC
umask 077

# What a member may be called, and what must be there; from the format's definition.
readonly MAY_BE='@MAY_BE@'
readonly MUST_BE='
@MUST_BE@
'
readonly MADE='
@MADE@
'
readonly NOT_MADE='
@NOT_MADE@
'

readonly TYPE='application/vnd.etsi.asic-e+zip'
readonly XML='<?xml version="1.0" encoding="UTF-8"?>'
readonly OPENING='<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'
readonly CLOSING='</asic:ASiCManifest>'
readonly REFERENCE='^<asic:DataObjectReference URI="([A-Za-z0-9._/-]+)" MimeType="[A-Za-z0-9./+-]+"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>([A-Za-z0-9+/]{43})=</ds:DigestValue></asic:DataObjectReference>$'
readonly SEAL=META-INF/signature001.p7s SEALED=META-INF/ASiCManifest001.xml
readonly ARCHIVE=META-INF/timestamp002.tst ARCHIVED=META-INF/ASiCArchiveManifest.xml
readonly VKEY='^([a-z0-9./-]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$'
readonly BAG_LABELS=' Bag-Software-Agent Bagging-Date Bundle-Schema External-Identifier Payload-Oxum Source-Organization'
readonly ENTRIES=data/log/entries.jsonl STAMPS=data/log/stamps.jsonl

# what the certificate of a seal may be for, DER of each: e-mail, documents (RFC 9336, Microsoft, Adobe)
readonly DOCUMENT_KINDS=' 06082B06010505070304 06082B06010505070324 060A2B0601040182370A030C 06092A864886F72F010105 '
readonly ASK_STAMPS="ask the sender for a bundle stamped by an office whose root is not the seal's"

usage() {
  printf 'usage: bash verify.sh [--trust ROOT.pem]... [--seal SHA256] [--log VKEY] [--bundle FILE.asice] [ROOT.pem]...\n%s\n' "$1" >&2
  exit 2
}

# refuse WORDS: the check that runs does not hold
refuse() {
  printf '%s\n' "$*"
  exit 1
}

# undecided WORDS: nothing speaks against it, and more cannot be said
undecided() {
  printf '%s\n' "$*"
  exit 3
}

# is FILE: it holds what comes in
is() { [[ $(sha256sum) == "$(sha256sum <"$1")" ]]; }

need_roots() {
  [[ -s $work/roots.pem ]] || undecided 'no roots were given: use --trust'
}

# --- the folder

# every file is a plain one that may be there, and none is missing; their names go to $work/names
check_members() {
  local path count odd=''
  [[ ! -e $work/unzip.failed ]] || refuse "$(<"$work/unzip.failed")"
  for path in **/*; do
    if [[ -d $path && ! -L $path ]]; then continue; fi
    if [[ -f $path && ! -L $path && $path =~ $MAY_BE ]]; then printf '%s\n' "$path"; else odd=$path; fi
  done >"$work/names"
  [[ -z $odd ]] || refuse "$(printf 'not a member of a bundle: %q' "$odd")"
  sort -o "$work/names" "$work/names"
  while IFS= read -r path; do
    [[ -z $path || -f $path ]] || refuse "missing: $path"
  done <<<"$MUST_BE"
  printf '%s' "$TYPE" | is mimetype || refuse 'mimetype: not a bundle'
  count=$(wc -l <"$work/names")
  printf '%d members\n' "$count"
}

# only PATTERN: those names that match; but PATTERN: those that do not
only() {
  local name
  while IFS= read -r name; do if [[ $name =~ $1 ]]; then printf '%s\n' "$name"; fi; done <"$work/names"
}
but() {
  local name
  while IFS= read -r name; do if [[ ! $name =~ $1 ]]; then printf '%s\n' "$name"; fi; done <"$work/names"
}

# same FILE FILE: two sorted lists of names are one
same() {
  local odd
  odd=$(comm -3 "$1" "$2" | head -c 200)
  [[ -z $odd ]] || refuse "listed and there differ: $odd"
}

check_bag_manifest() {
  local line
  while IFS= read -r line; do
    [[ $line =~ ^[0-9a-f]{64}\ \ data/[A-Za-z0-9._/-]+$ ]] || refuse 'manifest-sha256.txt: a line in another form'
  done <manifest-sha256.txt
  cut -c67- manifest-sha256.txt | sort >"$work/listed"
  only '^data/' >"$work/payload"
  same "$work/listed" "$work/payload"
  sha256sum -c --strict --quiet manifest-sha256.txt 2>&1 || exit 1
}

check_bag_info() {
  local line labels='' oxum='' total count
  printf 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n' | is bagit.txt || refuse 'bagit.txt differs'
  while IFS= read -r line; do
    labels+=" ${line%%: *}"
    if [[ $line == 'Payload-Oxum: '* ]]; then oxum+=${line#*: }; fi
  done <bag-info.txt
  [[ $labels == "$BAG_LABELS" ]] || refuse "bag-info.txt: other labels than$BAG_LABELS"
  only '^data/' >"$work/payload"
  count=$(wc -l <"$work/payload")
  total=$(tr '\n' '\0' <"$work/payload" | wc -c --files0-from=- | tail -n 1)
  [[ $oxum == "${total%% *}.$count" ]] || refuse "Payload-Oxum: listed $oxum, found ${total%% *}.$count"
}

# --- manifests

# read_manifest MANIFEST SIGNATURE TYPE: names to manifest.names, checksums to manifest.sums
read_manifest() {
  local -a lines
  local line last odd=''
  mapfile -t lines <"$1"
  ((${#lines[@]} > 4)) || refuse "$1: too short"
  last=$((${#lines[@]} - 1))
  [[ ${lines[0]} == "$XML" && ${lines[1]} == "$OPENING" && ${lines[last]} == "$CLOSING" ]] || refuse "$1: another form"
  [[ ${lines[2]} == "<asic:SigReference URI=\"$2\" MimeType=\"$3\"></asic:SigReference>" ]] || refuse "$1: another form"
  for line in "${lines[@]:3:last-3}"; do
    if [[ $line =~ $REFERENCE ]]; then
      printf '%s\n' "${BASH_REMATCH[1]}" >&3
      # 44 characters are 33 bytes: the 32 of the digest, and one of zeros in place of the padding
      printf '%sA\n' "${BASH_REMATCH[2]}"
    else
      odd=$line
    fi
  done 3>"$work/manifest.names" >"$work/manifest.b64"
  [[ -z $odd ]] || refuse "$1: a line in another form"
  sort -C -u "$work/manifest.names" || refuse "$1: members in another order"
  base64 -d "$work/manifest.b64" | basenc --base16 -w 66 >"$work/manifest.hex"
  while IFS= read -r line; do
    [[ $line == *00 ]] || refuse "$1: a digest in another spelling"
  done <"$work/manifest.hex"
  cut -c1-64 "$work/manifest.hex" | tr A-F a-f | paste -d ' ' - /dev/null "$work/manifest.names" >"$work/manifest.sums"
}

check_seal_complete() {
  read_manifest "$SEALED" "$SEAL" application/pkcs7-signature
  but "^(mimetype|$SEAL|$SEALED|$ARCHIVE|$ARCHIVED)\$" >"$work/wanted"
  same "$work/manifest.names" "$work/wanted"
}

check_seal_digests() {
  read_manifest "$SEALED" "$SEAL" application/pkcs7-signature
  sha256sum -c --strict --quiet "$work/manifest.sums" 2>&1 || exit 1
}

check_archive_manifest() {
  read_manifest "$ARCHIVED" "$ARCHIVE" application/vnd.etsi.timestamp-token
  but "^(mimetype|$ARCHIVE|$ARCHIVED)\$" >"$work/wanted"
  same "$work/manifest.names" "$work/wanted"
  sha256sum -c --strict --quiet "$work/manifest.sums" 2>&1 || exit 1
}

# --- signatures and time stamps

# sha256 FILE: its digest, hex
sha256() { sha256sum <"$1" | cut -c1-64; }

# cut_out FILE OFFSET LENGTH
cut_out() { head -c $(($2 + $3)) "$1" | tail -c "$3"; }

# gen_time TOKEN: when it says that it was made, in seconds since 1970
gen_time() {
  local text stamp='Time stamp: ([A-Z][a-z][a-z] [ 0-9][0-9] [0-9:]{8})[.0-9]* ([0-9]{4}) GMT'
  text=$(openssl ts -reply -token_in -in "$1" -text 2>/dev/null) || refuse 'not a time-stamp token'
  [[ $text =~ $stamp ]] || refuse 'a time stamp without a time'
  date -u -d "${BASH_REMATCH[1]} ${BASH_REMATCH[2]} UTC" +%s
}

# each_root COMMAND...: the keys of the roots that COMMAND... ROOT.pem holds with, each root by itself
each_root() {
  local root
  for root in "$work"/root.*.pem; do
    if "$@" "$root" >/dev/null 2>&1; then openssl x509 -in "$root" -noout -pubkey | sha256sum; fi
  done | sort -u
}

# token_leads AT TOKEN DIGEST ROOT, seal_leads AT ROOT: to this root, across the others if they lead there
token_leads() {
  openssl ts -verify -token_in -in "$2" -digest "$3" -CAfile "$4" -untrusted "$work/roots.pem" -partial_chain \
    -attime "$1"
}
seal_leads() {
  openssl cms -verify -binary -inform DER -in "$SEAL" -content "$SEALED" -out /dev/null -purpose any \
    -CAfile "$2" -no-CApath -no-CAstore -certfile "$work/roots.pem" -partial_chain -attime "$1"
}

# need_other_root AT TOKEN DIGEST WORDS: seal and token do not lead to one and the same root
need_other_root() {
  # a seal that does not hold leads nowhere; its own checks say so
  if [[ ! -f $work/seal.keys ]]; then
    : >"$work/seal.keys"
    if (cut_seal && gen_time "$work/seal.tst") >"$work/seal.at" 2>/dev/null; then
      each_root seal_leads "$(<"$work/seal.at")" >"$work/seal.keys"
    fi
  fi
  each_root token_leads "$1" "$2" "$3" >"$work/token.keys"
  [[ -z $(comm -12 "$work/seal.keys" "$work/token.keys") ]] ||
    undecided "the seal and a time stamp lead to the same root: $4"
}

# need_its_root CERTIFICATE COMMAND...: if COMMAND... CERTIFICATE holds, nothing but a root is missing
need_its_root() {
  local names
  "${@:2}" "$1" >/dev/null 2>&1 || return 0
  names=$(openssl x509 -in "$1" -noout -subject -issuer -nameopt RFC2253 | cut -d = -f 2- | paste -s -d '\t')
  : >"$work/root.missing"
  refuse "no root was given for: ${names/$'\t'/, issued by }"
}

# check_token TOKEN DIGEST: it is over this digest and leads to a root, not the seal's, at its own time
check_token() {
  local at
  need_roots
  at=$(gen_time "$1")
  openssl ts -verify -token_in -in "$1" -digest "$2" -CAfile "$work/roots.pem" -partial_chain -attime "$at" \
    >"$work/ts" 2>&1 || {
    openssl cms -verify -noverify -inform DER -in "$1" -out /dev/null -signer "$work/unit.pem" >/dev/null 2>&1 &&
      need_its_root "$work/unit.pem" token_leads "$at" "$1" "$2"
    refuse "$(tail -n 2 "$work/ts")"
  }
  need_other_root "$at" "$1" "$2" "whoever issues the seal could have chosen the time; $ASK_STAMPS"
  date -u -d "@$at" '+%Y-%m-%d %H:%M:%S UTC'
}

# cut_seal: the signature value and its time stamp, out of the CMS structure (RFC 5652, 5.3)
cut_seal() {
  local line field='^ *([0-9]+):d=([0-9]+) +hl=([0-9]+) +l= *([0-9]+) (prim|cons): ([A-Z]+)'
  local oid=0 token='' value='' tokens=0 values=0
  openssl asn1parse -inform DER -in "$SEAL" >"$work/asn1" 2>&1 || refuse "$SEAL: not DER"
  while IFS= read -r line; do
    [[ $line =~ $field ]] || continue
    if [[ ${BASH_REMATCH[2]} == 5 && ${BASH_REMATCH[6]} == OCTET ]]; then
      values=$((values + 1))
      value="$((BASH_REMATCH[1] + BASH_REMATCH[3])) ${BASH_REMATCH[4]}"
    elif [[ ${BASH_REMATCH[2]} == 7 && $line == *:id-smime-aa-timeStampToken ]]; then
      tokens=$((tokens + 1)) oid=1
    elif [[ $oid == 1 && ${BASH_REMATCH[2]} == 8 ]]; then
      token="${BASH_REMATCH[1]} $((BASH_REMATCH[3] + BASH_REMATCH[4]))" oid=0
    fi
  done <"$work/asn1"
  [[ $values == 1 && $tokens == 1 && -n $token ]] || refuse "$SEAL: not one signature with one time stamp"
  # shellcheck disable=SC2086 # two numbers each
  cut_out "$SEAL" $value >"$work/seal.value"
  # shellcheck disable=SC2086 # two numbers each
  cut_out "$SEAL" $token >"$work/seal.tst"
}

check_seal_signature() {
  cut_seal
  openssl cms -verify -noverify -binary -inform DER -in "$SEAL" -content "$SEALED" -out /dev/null \
    -signer "$work/signer.pem" >"$work/cms" 2>&1 || refuse "$(tail -n 1 "$work/cms")"
  check_may_seal
  printf 'certificate SHA-256\n'
  openssl x509 -in "$work/signer.pem" -outform DER | sha256sum | cut -c1-64
}

# the seal's certificate is no authority's, commits to content, and is for documents if it says for what
check_may_seal() {
  local about line kinds='' next=0 size
  about=$(openssl x509 -in "$work/signer.pem" -noout -ext basicConstraints,keyUsage 2>/dev/null) || about=''
  [[ $about != *CA:TRUE* ]] || refuse "the seal is by an authority's own certificate"
  [[ $about == *'Non Repudiation'* ]] || refuse "the seal's certificate does not commit to content"
  while IFS= read -r line; do
    if [[ $line == *:'X509v3 Extended Key Usage' ]]; then
      next=1
    elif [[ $next == 1 && $line == *'OCTET STRING'* ]]; then
      [[ $line =~ \[HEX\ DUMP\]:30[0-7][0-9A-F](([0-9A-F]{2})+)$ ]] || refuse "the seal's certificate: too many kinds"
      kinds+=${BASH_REMATCH[1]} next=0
    fi
  done < <(openssl asn1parse -in "$work/signer.pem")
  while [[ -n $kinds ]]; do
    size=$((4 + 2 * 16#${kinds:2:2}))
    [[ $DOCUMENT_KINDS == *" ${kinds:0:size} "* ]] || refuse "the seal's certificate is not for documents alone"
    kinds=${kinds:size}
  done
}

check_seal_time_stamp() {
  cut_seal
  check_token "$work/seal.tst" "$(sha256 "$work/seal.value")"
}

check_seal_chain() {
  local at token digest found
  cut_seal
  if [[ -n $pin ]]; then
    found=$(openssl x509 -in "$work/signer.pem" -outform DER | sha256sum | cut -c1-64)
    [[ $found == "$pin" ]] || refuse "sealed by another certificate than yours: $found"
  fi
  need_roots
  at=$(gen_time "$work/seal.tst")
  openssl cms -verify -cades -binary -inform DER -in "$SEAL" -content "$SEALED" -out /dev/null -purpose any \
    -CAfile "$work/roots.pem" -no-CApath -no-CAstore -partial_chain -attime "$at" >"$work/cms" 2>&1 || {
    need_its_root "$work/signer.pem" seal_leads "$at"
    refuse "$(tail -n 1 "$work/cms")"
  }
  [[ -z $pin ]] || return 0
  # a file of stamps in another form fails in a check of its own
  (cut_stamps) >/dev/null || true
  for token in "$work/seal.tst" "$ARCHIVE" data/log/checkpoint.tst "$work"/stamp.*.tst; do
    case $token in
      "$work/seal.tst") digest=$(sha256 "$work/seal.value") ;;
      "$ARCHIVE") digest=$(sha256 "$ARCHIVED") ;;
      data/log/*) digest=$(sha256 data/log/checkpoint) ;;
      *) digest=$(sha256 "${token%.tst}.checkpoint") ;;
    esac
    # a token without a time fails in a check of its own
    at=$(gen_time "$token") || continue
    need_other_root "$at" "$token" "$digest" \
      'whoever has a certificate under it could have sealed; give --seal, the fingerprint in the covering letter'
  done
}

check_archive_time_stamp() {
  local first
  # no manifest can list this file, so it holds the token and no more
  openssl asn1parse -inform DER -in "$ARCHIVE" >"$work/asn1" 2>&1 || refuse "$ARCHIVE: not DER"
  IFS= read -r first <"$work/asn1"
  [[ $first =~ ^\ *0:d=0\ +hl=([0-9]+)\ +l=\ *([0-9]+)\  ]] || refuse "$ARCHIVE: not DER"
  ((BASH_REMATCH[1] + BASH_REMATCH[2] == $(wc -c <"$ARCHIVE"))) || refuse "$ARCHIVE: bytes after the token"
  # below SignedData a [1] is the revocation lists, below its signer the unsigned attributes (RFC 5652, 5.1, 5.3)
  [[ ! $(<"$work/asn1") =~ :d=[35]\ +hl=[^$'\n']*cons:\ cont\ \[\ 1\ \] ]] || refuse "$ARCHIVE: unsigned additions"
  check_token "$ARCHIVE" "$(sha256 "$ARCHIVED")"
}

# --- the log

# the log's key has its form, and is the one that was given, if one was
check_log_key() {
  local own name
  own=$(head -c 1000 data/log/key)
  [[ $own =~ $VKEY ]] || refuse 'data/log/key: another form'
  name=${BASH_REMATCH[1]}
  printf '%s\n' "$own" | is data/log/key || refuse 'data/log/key: not one line'
  printf '%s' "${BASH_REMATCH[3]}" | base64 -d >"$work/key" || refuse 'data/log/key: another form'
  [[ $(base64 -w 0 "$work/key") == "${BASH_REMATCH[3]}" ]] || refuse 'data/log/key: another form'
  [[ $(head -c 1 "$work/key" | basenc --base16) == 01 && $(wc -c <"$work/key") == 33 ]] || refuse 'not an Ed25519 key'
  { printf '%s\n' "$name" && cat "$work/key"; } >"$work/named"
  [[ $(sha256 "$work/named" | cut -c1-8) == "${BASH_REMATCH[2]}" ]] || refuse 'data/log/key: the identifier is of another key'
  [[ -z $vkey || $own == "$vkey" ]] || refuse "the log's key is another than yours: $own"
  printf '%s\n' "$own"
}

# check_note FILE: a checkpoint that the log's key, which was checked, signed (C2SP signed-note, Ed25519)
check_note() {
  local -a note
  local name id
  [[ $(<data/log/key) =~ $VKEY ]]
  name=${BASH_REMATCH[1]} id=${BASH_REMATCH[2]}
  mapfile -t note <"$1"
  ((${#note[@]} == 5)) || refuse "$1: another form"
  [[ ${note[0]} == "$name" && -z ${note[3]} && ${note[4]} =~ ^$'\xe2\x80\x94 '"$name"\ ([A-Za-z0-9+/]+=*)$ ]] ||
    refuse "$1: another form, or another log"
  printf '%s' "${BASH_REMATCH[1]}" | base64 -d >"$work/signed" || refuse "$1: another form"
  [[ $(head -c 4 "$work/signed" | basenc --base16 | tr A-F a-f) == "$id" ]] || refuse "$1: signed by another key"
  printf '%s\n' "${note[@]}" | is "$1" || refuse "$1: another form"
  printf '%s\n' "${note[@]:0:3}" >"$work/text"
  tail -c +5 "$work/signed" >"$work/signature"
  { printf '\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00' && tail -c 32 "$work/key"; } >"$work/key.der"
  openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key.der" -rawin -in "$work/text" \
    -sigfile "$work/signature" >/dev/null 2>&1 || refuse "$1: the signature is wrong"
}

check_log_checkpoint() {
  check_note data/log/checkpoint
}

check_log_checkpoint_stamp() {
  check_token data/log/checkpoint.tst "$(sha256 data/log/checkpoint)"
}

# cut_stamps: each line of stamps.jsonl into $work/stamp.N.checkpoint and $work/stamp.N.tst
cut_stamps() {
  local line checkpoint token number=0 form='^\{"checkpoint":"([^"]+)","consistency":\[[^]]*\],"token":"([A-Za-z0-9+/]+=*)"\}$'
  [[ ! -s $STAMPS || -z $(tail -c 1 "$STAMPS") ]] || refuse "$STAMPS: the last line has no end"
  while IFS= read -r line; do
    number=$((number + 1))
    [[ $line =~ $form ]] || refuse "$STAMPS line $number: another form"
    checkpoint=${BASH_REMATCH[1]} token=${BASH_REMATCH[2]}
    # in JSON a line end of the checkpoint is written \n, and nothing else in it is escaped
    [[ ${checkpoint//'\n'/} != *\\* ]] || refuse "$STAMPS line $number: another form"
    printf '%s' "${checkpoint//'\n'/$'\n'}" >"$work/stamp.$number.checkpoint"
    printf '%s' "$token" | base64 -d >"$work/stamp.$number.tst" 2>/dev/null || refuse "$STAMPS line $number: no base64"
    [[ $(base64 -w 0 "$work/stamp.$number.tst") == "$token" ]] || refuse "$STAMPS line $number: no base64"
  done <"$STAMPS"
}

# cited_tokens: the tokens that entries name; canonical JSON puts "after" first into a leaf
cited_tokens() {
  local line form='^\{"disclosures":\[[^]]*\],"index":"(0|[1-9][0-9]*)","leaf":"\{\\"after\\":\\"([0-9a-f]{64})\\",'
  while IFS= read -r line; do
    [[ $line =~ $form ]] || refuse "$ENTRIES: a line in another form"
    printf '%s\n' "${BASH_REMATCH[2]}"
  done <"$ENTRIES"
}

check_log_stamps() {
  local file digest rc waits=''
  local -A there=()
  cut_stamps
  cited_tokens >"$work/cited"
  for file in "$work"/stamp.*.tst; do
    there[$(sha256 "$file")]=1
    check_note "${file%.tst}.checkpoint"
    if [[ -s $work/roots.pem ]]; then
      # one that is wrong outweighs those that cannot be decided
      rc=0
      (check_token "$file" "$(sha256 "${file%.tst}.checkpoint")") >"$work/when" || rc=$?
      case $rc in
        0) ;;
        3) waits=$(<"$work/when") ;;
        *) refuse "$(<"$work/when")" ;;
      esac
    else
      waits='no roots were given: use --trust'
    fi
  done
  while IFS= read -r digest; do
    [[ $digest =~ ^0+$ || -n ${there[$digest]-} ]] || refuse 'a time stamp that a log entry names is missing'
  done < <(sort -u "$work/cited")
  [[ -z $waits ]] || undecided "$waits"
}

# --- the run

declare -A title=()
failed=0 waiting=0

# run ID FUNCTION [NEEDED]: one line, and what is wrong or known below it
run() {
  local rc=0 verdict=PASSED line
  if [[ -n ${3-} && -z ${held[$3]-} ]]; then
    printf '%-13s %-22s %s\n%13s not made, because %s does not hold\n' INDETERMINATE "$1" "${title[$1]-}" '' "$3"
    waiting=1
    return
  fi
  set +e
  (
    set -euo pipefail
    "$2"
  ) >"$work/said" 2>&1
  rc=$?
  set -e
  case $rc in
    0) held[$1]=1 ;;
    3) verdict=INDETERMINATE waiting=1 held[$1]=1 ;;
    *) verdict=FAILED failed=1 ;;
  esac
  printf '%-13s %-22s %s\n' "$verdict" "$1" "${title[$1]-}"
  while IFS= read -r line; do
    printf '%13s %s\n' '' "$line"
  done < <(tr -cd '\11\12\40-\176' <"$work/said" | fold -s -w 65 | head -n 6)
}

main() {
  local bundle='' here root file id line part=0
  local -a given=()
  declare -gA held=()
  pin='' vkey=''
  while (($#)); do
    case $1 in
      --trust | --bundle | --seal | --log)
        (($# >= 2)) || usage "$1 needs a value"
        case $1 in
          --trust) given+=("$2") ;;
          --bundle) bundle=$2 ;;
          --log)
            vkey=$2
            [[ $vkey =~ $VKEY ]] || usage "--log needs the log's key, as the letter prints it"
            ;;
          --seal)
            pin=$(printf '%s' "$2" | tr -d ' :\t\r\n' | tr A-F a-f)
            [[ $pin =~ ^[0-9a-f]{64}$ ]] || usage '--seal needs a SHA-256 fingerprint: 64 hex digits'
            ;;
        esac
        shift
        ;;
      --help) usage 'Roots are certificates that you trust and did not take from the bundle.' ;;
      -*) usage "no such option: $1" ;;
      *) given+=("$1") ;;
    esac
    shift
  done
  here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
  work=$(mktemp -d)
  trap 'rm -rf -- "$work"' EXIT
  : >"$work/roots.pem"
  for root in "${given[@]}"; do
    file=$(realpath -e -- "$root" 2>/dev/null) || usage "no such file: $root"
    root=$file
    [[ -n $bundle || $root != "$here"/* ]] || usage 'a root must not come from the bundle. Keep it outside of this folder.'
    openssl x509 -in "$root" -noout 2>/dev/null || usage "not a PEM file of certificates: $root"
    { cat -- "$root" && printf '\n'; } >>"$work/roots.pem"
  done
  # each root in a file of its own too
  while IFS= read -r line; do
    if [[ $line == -----BEGIN* ]]; then part=$((part + 1)); fi
    if ((part)); then printf '%s\n' "$line" >>"$work/root.$part.pem"; fi
  done <"$work/roots.pem"
  if [[ -n $bundle ]]; then
    file=$(realpath -e -- "$bundle" 2>/dev/null) || usage "no such file: $bundle"
    bundle=$file
    unpack "$bundle"
    here=$work/bag
  fi
  cd -- "$here"
  while read -r id line; do
    if [[ -n $id ]]; then title[$id]=$line; fi
  done <<<"$MADE"
  run_all
  printf '\nNot checked here; the offline verifier does:%s\n' "$NOT_MADE"
  if [[ -e $work/root.missing ]]; then
    printf 'Give every root that the letter names, then run it again.\n'
    printf 'Only if it still says FAILED was something changed.\n\n'
  fi
  if ((failed)); then
    printf 'verdict: FAILED%s\n' "$(rehearsal)"
    exit 1
  elif ((waiting)); then
    printf 'verdict: INDETERMINATE%s\n' "$(rehearsal)"
    exit 3
  fi
  printf 'verdict: PASSED%s\n' "$(rehearsal)"
}

# rehearsal: what stands beside the verdict unless the description and entry 0 of the log both say that this is none
rehearsal() {
  local line told=''
  # inside a string of JSON a quotation mark is escaped, so this is the name itself
  if [[ -f data/case.json && -f $ENTRIES && $(<data/case.json) == *'"rehearsal":"no"'* ]]; then
    IFS= read -r line <"$ENTRIES" || true
    if [[ $line =~ ^\{\"disclosures\":\[\"([^]]*)\"\],\"index\":\"0\", ]]; then
      while IFS= read -r line; do
        while ((${#line} % 4)); do line+='='; done
        told+="$(printf '%s' "$line" | basenc -d --base64url 2>/dev/null || true)"$'\n'
      done <<<"${BASH_REMATCH[1]//\",\"/$'\n'}"
    fi
  fi
  [[ $told =~ (^|$'\n')\[\"[A-Za-z0-9_-]*\",\"rehearsal\",\"no\"\]$'\n' ]] || printf ' (REHEARSAL, NOT FOR COURT)'
}

# unpack FILE: to a folder of ours, if its list of names is harmless
unpack() {
  local name
  ln -s -- "$1" "$work/bundle.zip"
  mkdir "$work/bag"
  if ! unzip -Z1 "$work/bundle.zip" >"$work/list" 2>/dev/null || ! unzip -tqq "$work/bundle.zip" >/dev/null 2>&1; then
    printf 'the container is damaged\n' >"$work/unzip.failed"
    return
  fi
  if [[ -n $(sort "$work/list" | uniq -d) ]]; then
    printf 'a member is there twice\n' >"$work/unzip.failed"
    return
  fi
  while IFS= read -r name; do
    if [[ ! $name =~ $MAY_BE ]]; then
      printf 'not a member of a bundle: %q\n' "$name" >"$work/unzip.failed"
      return
    fi
  done <"$work/list"
  unzip -qq "$work/bundle.zip" -d "$work/bag" >/dev/null 2>&1 || printf 'cannot be unzipped\n' >"$work/unzip.failed"
}

run_all() {
  run container.members check_members
  run bag.manifest check_bag_manifest container.members
  run bag.info check_bag_info container.members
  run seal.complete check_seal_complete container.members
  run seal.digests check_seal_digests container.members
  run seal.signature check_seal_signature container.members
  run seal.time_stamp check_seal_time_stamp seal.signature
  run seal.chain check_seal_chain seal.time_stamp
  run archive.manifest check_archive_manifest container.members
  run archive.time_stamp check_archive_time_stamp container.members
  run log.key check_log_key container.members
  run log.checkpoint check_log_checkpoint log.key
  run log.checkpoint_stamp check_log_checkpoint_stamp container.members
  run log.stamps check_log_stamps log.checkpoint
}

main "$@"
