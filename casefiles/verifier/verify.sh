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
# the same names, each with its media type
readonly OF_TYPE='@OF_TYPE@'
readonly MUST_BE='
@MUST_BE@
'
readonly MADE='
@MADE@
'
readonly NOT_MADE='
@NOT_MADE@
'
readonly PROVEN='
@PROVEN@
'

readonly TYPE='application/vnd.etsi.asic-e+zip'
readonly XML='<?xml version="1.0" encoding="UTF-8"?>'
readonly OPENING='<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'
readonly CLOSING='</asic:ASiCManifest>'
readonly REFERENCE='^<asic:DataObjectReference URI="([A-Za-z0-9._/-]+)" MimeType="([A-Za-z0-9./+-]+)"( Rootfile="true")?><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>([A-Za-z0-9+/]{43})=</ds:DigestValue></asic:DataObjectReference>$'
readonly SEAL=META-INF/signature001.p7s SEALED=META-INF/ASiCManifest001.xml
readonly ARCHIVE=META-INF/timestamp002.tst ARCHIVED=META-INF/ASiCArchiveManifest.xml
# what each renewal of the archive adds: a number for the list before, and a token
readonly RENEWAL='^META-INF/(ASiCArchiveManifest[0-9]{3}[.]xml|timestamp(00[3-9]|0[1-9][0-9]|[1-9][0-9]{2})[.]tst)$'
# and each counter-seal: a list and a signature
readonly COUNTER='^META-INF/(ASiCManifest|signature)(00[2-9]|0[1-9][0-9]|[1-9][0-9]{2})[.](xml|p7s)$'
readonly VKEY='^([a-z0-9./-]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$'
readonly BAG_LABELS=' Bag-Software-Agent Bagging-Date Bundle-Schema External-Identifier Payload-Oxum Source-Organization'
readonly ENTRIES=data/log/entries.jsonl STAMPS=data/log/stamps.jsonl

# what the certificate of a seal may be for, DER of each: e-mail, documents (RFC 9336, Microsoft, Adobe)
readonly DOCUMENT_KINDS=' 06082B06010505070304 06082B06010505070324 060A2B0601040182370A030C 06092A864886F72F010105 '
# The one list of signature algorithms, as OpenSSL names their parts: a signer's digest and scheme, or the scheme that a
# certificate is signed with. All digests of RSASSA-PSS must be one.
readonly PSS='rsassaPss 0 sha(256|384|512) 1 mgf1 sha(256|384|512)( 2 ([0-3][0-9A-F]|40))?( 3 01)?'
readonly SIGNERS="^(sha(256|384|512) rsaEncryption|sha256 sha256WithRSAEncryption|sha384 sha384WithRSAEncryption|sha512 sha512WithRSAEncryption|sha256 ecdsa-with-SHA256|sha384 ecdsa-with-SHA384|sha512 ecdsa-with-SHA512|sha512 ED25519|sha(256|384|512) $PSS)\$"
readonly SCHEMES="^(sha(256|384|512)WithRSAEncryption|ecdsa-with-SHA(256|384|512)|ED25519|$PSS)\$"
readonly MIN_RSA_BITS=2048 MIN_EC_BITS=256 MAX_SKEW_S=60
# extensions that may be critical: OpenSSL applies them, or they limit nothing that is done here
readonly KNOWN_EXTENSIONS='^X509v3 (Basic Constraints|Key Usage|Extended Key Usage|Subject Alternative Name|Certificate Policies|Name Constraints)$'
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

# need_lines FILE: lines of text, the last one ended too: bash, reading line by line, leaves out a zero byte and what
# follows the last line end
need_lines() {
  local text
  if IFS= read -r -d '' text <"$1" || [[ -n $text && $text != *$'\n' ]]; then
    refuse "$1: a zero byte, or a last line without its end"
  fi
}

# has_zero FILE: a zero byte, which bash would leave out of what it reads
has_zero() { IFS= read -r -d '' _ <"$1"; }

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
  [[ -n $(only '^data/report[.]') ]] || refuse 'missing: data/report'
  need_series "$RENEWAL" ASiCArchiveManifest 0 .xml timestamp 2 .tst
  need_series "$COUNTER" ASiCManifest 1 .xml signature 1 .p7s
  printf '%s' "$TYPE" | is mimetype || refuse 'mimetype: not a bundle'
  count=$(wc -l <"$work/names")
  printf '%d members\n' "$count"
}

# need_series PATTERN NAME ADDED ENDING NAME ADDED ENDING: members that match have the numbers 1, 2, 3 and so on, and what
# is added to them in each of the two names
need_series() {
  local number count name
  only "$1" >"$work/series"
  count=$((($(wc -l <"$work/series") + 1) / 2))
  for ((number = 1; number <= count; number++)); do
    for name in "$2$(printf %03d $((number + $3)))$4" "$5$(printf %03d $((number + $6)))$7"; do
      [[ -f META-INF/$name ]] || refuse "missing: META-INF/$name"
    done
  done
}

# counter_seals: the lists and signatures of counter-seals, oldest first, a pair to a line
counter_seals() {
  local number=2 digits
  for (( ; ; number++)); do
    digits=$(printf %03d "$number")
    [[ -f META-INF/signature$digits.p7s ]] || return 0
    printf 'META-INF/ASiCManifest%s.xml META-INF/signature%s.p7s\n' "$digits" "$digits"
  done
}

# links: the archive's lists and their tokens, oldest first, a pair to a line
links() {
  local number=1 token=$ARCHIVE list
  list=$(printf 'META-INF/ASiCArchiveManifest%03d.xml' "$number")
  while [[ -f $list ]]; do
    printf '%s %s\n' "$list" "$token"
    number=$((number + 1))
    list=$(printf 'META-INF/ASiCArchiveManifest%03d.xml' "$number") token=$(printf 'META-INF/timestamp%03d.tst' $((number + 1)))
  done
  printf '%s %s\n' "$ARCHIVED" "$token"
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
  need_lines manifest-sha256.txt
  while IFS= read -r line; do
    [[ $line =~ ^[0-9a-f]{64}\ \ data/[A-Za-z0-9._/-]+$ ]] || refuse 'manifest-sha256.txt: a line in another form'
  done <manifest-sha256.txt
  cut -c67- manifest-sha256.txt >"$work/listed"
  sort -C -u "$work/listed" || refuse 'manifest-sha256.txt: files in another order'
  only '^data/' >"$work/payload"
  same "$work/listed" "$work/payload"
  sha256sum -c --strict --quiet manifest-sha256.txt 2>&1 || exit 1
}

check_bag_info() {
  local line labels='' oxum='' total count told name value
  printf 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n' | is bagit.txt || refuse 'bagit.txt differs'
  need_lines bag-info.txt
  if has_zero data/case.json; then refuse 'data/case.json: a zero byte'; fi
  told=$(<data/case.json)
  while IFS= read -r line; do
    labels+=" ${line%%: *}"
    # inside a string of JSON a quotation mark is escaped, so a name between two is the name itself
    value=${line#*: } value=${value//\\/'\\'} value=${value//\"/'\"'}\"
    case $line in
      Payload-Oxum:*) oxum+=${line#*: } name='' ;;
      Bag-Software-Agent:*) name=tool ;;
      Bagging-Date:*) name=created_at value=${line#*: }T ;;
      Bundle-Schema:*) name=format ;;
      External-Identifier:*) name=bundle ;;
      *) name=organisation ;;
    esac
    [[ -z $name || $told == *"\"$name\":\"$value"* ]] || refuse "bag-info.txt says another: $line"
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
  local line last odd='' name type='' digest root rooted='' newest=''
  need_lines "$1"
  mapfile -t lines <"$1"
  ((${#lines[@]} > 4)) || refuse "$1: too short"
  last=$((${#lines[@]} - 1))
  [[ ${lines[0]} == "$XML" && ${lines[1]} == "$OPENING" && ${lines[last]} == "$CLOSING" ]] || refuse "$1: another form"
  [[ ${lines[2]} == "<asic:SigReference URI=\"$2\" MimeType=\"$3\"></asic:SigReference>" ]] || refuse "$1: another form"
  for line in "${lines[@]:3:last-3}"; do
    name=''
    root=''
    if [[ $line =~ $REFERENCE ]]; then name=${BASH_REMATCH[1]} type=${BASH_REMATCH[2]} root=${BASH_REMATCH[3]} digest=${BASH_REMATCH[4]}; fi
    # the newest of the archive's earlier lists, and nothing else, is the root file (EN 319 162-1, A.7)
    if [[ -n $root ]]; then rooted+=" $name"; fi
    if [[ $name =~ $RENEWAL && $name == *.xml ]]; then newest=" $name"; fi
    if [[ "$name $type" =~ $OF_TYPE ]]; then
      printf '%s\n' "$name" >&3
      # 44 characters are 33 bytes: the 32 of the digest, and one of zeros in place of the padding
      printf '%sA\n' "$digest"
    else
      odd=$line
    fi
  done 3>"$work/manifest.names" >"$work/manifest.b64"
  [[ -z $odd && $rooted == "$newest" ]] || refuse "$1: a line in another form"
  sort -C -u "$work/manifest.names" || refuse "$1: members in another order"
  base64 -d "$work/manifest.b64" | basenc --base16 -w 66 >"$work/manifest.hex"
  while IFS= read -r line; do
    [[ $line == *00 ]] || refuse "$1: a digest in another spelling"
  done <"$work/manifest.hex"
  cut -c1-64 "$work/manifest.hex" | tr A-F a-f | paste -d ' ' - /dev/null "$work/manifest.names" >"$work/manifest.sums"
}

check_seal_complete() {
  read_manifest "$SEALED" "$SEAL" application/pkcs7-signature
  but "^(mimetype|$SEAL|$SEALED|$ARCHIVE|$ARCHIVED)\$|$RENEWAL|$COUNTER" >"$work/wanted"
  same "$work/manifest.names" "$work/wanted"
}

check_seal_digests() {
  read_manifest "$SEALED" "$SEAL" application/pkcs7-signature
  sha256sum -c --strict --quiet "$work/manifest.sums" 2>&1 || exit 1
}

# each list of the archive names what every archive covers, all lists and tokens before, and the counter-seals that were
# there: all by the newest, and none goes
check_archive_manifest() {
  local list token before=0 named
  but "^(mimetype|$ARCHIVE|$ARCHIVED)\$|$RENEWAL|$COUNTER" >"$work/covered"
  counter_seals >"$work/counter.seals"
  while read -r list token; do
    read_manifest "$list" "$token" application/vnd.etsi.timestamp-token
    named=$(grep -c '^META-INF/signature' "$work/manifest.names" || true)
    named=$((named > 0 ? named - 1 : 0))
    if [[ $list == "$ARCHIVED" ]]; then named=$(wc -l <"$work/counter.seals"); fi
    if ((named > before)); then
      head -n "$named" "$work/counter.seals" | tail -n +$((before + 1)) | tr ' ' '\n' >>"$work/covered"
      before=$named
    fi
    sort "$work/covered" >"$work/wanted"
    same "$work/manifest.names" "$work/wanted"
    sha256sum -c --strict --quiet "$work/manifest.sums" 2>&1 || exit 1
    printf '%s\n' "$list" "$token" >>"$work/covered"
  done < <(links)
}

# --- signatures and time stamps

# sha256 FILE: its digest, hex
sha256() {
  local sum
  sum=$(sha256sum <"$1") || return
  printf '%s\n' "${sum%% *}"
}

# cut_out FILE OFFSET LENGTH
cut_out() { dd if="$1" iflag=skip_bytes,count_bytes skip="$2" count="$3" bs=64K status=none; }

# --- DER

# read_der FILE NAME: its elements, checked to be DER (X.690, 10.1) and the whole of it, to the arrays of the caller:
# from (where it begins), head (bytes of its header), size (bytes after that), deep, kind, and text, as OpenSSL shows it
read_der() {
  local line long rest next=0 field='^ *([0-9]+):d=([0-9]+) +hl=([0-9]+) +l= *([0-9]+|inf) *(prim|cons): '
  from=() head=() size=() deep=() kind=() text=()
  openssl asn1parse -inform DER -in "$1" >"$work/asn1" 2>/dev/null || refuse "$2: not DER"
  while IFS= read -r line; do
    # a text with lines of its own goes on here; what looks like an element and does not follow the one before is none
    [[ $line =~ $field && ${BASH_REMATCH[1]} == "$next" ]] || continue
    rest=${line:${#BASH_REMATCH}}
    [[ ${BASH_REMATCH[4]} != inf ]] || refuse "$2: a length that is not DER"
    from+=("$next") deep+=("${BASH_REMATCH[2]}") head+=("${BASH_REMATCH[3]}") size+=("${BASH_REMATCH[4]}")
    text+=("${rest:18}") rest=${rest:0:18}
    kind+=("${rest%"${rest##*[! ]}"}")
    long=${BASH_REMATCH[4]}
    ((BASH_REMATCH[3] == 2 + (long > 127) + (long > 255) + (long > 65535))) || refuse "$2: a length that is not DER"
    next=$((next + BASH_REMATCH[3]))
    case "${BASH_REMATCH[5]} ${kind[-1]}" in
      'cons SEQUENCE' | 'cons SET' | 'cons cont'* | 'cons appl'* | 'cons priv'*) ;;
      'prim SEQUENCE' | 'prim SET' | cons*) refuse "$2: not DER" ;;
      *) next=$((next + long)) ;;
    esac
  done <"$work/asn1"
  ((${#from[@]} && next == $(wc -c <"$1") && head[0] + size[0] == next)) || refuse "$2: not DER, or bytes after its end"
}

# the_element FILE NUMBER, its_contents FILE NUMBER, hex_of FILE NUMBER: of the elements that were read last
the_element() { cut_out "$1" "${from[$2]}" $((head[$2] + size[$2])); }
its_contents() { cut_out "$1" $((from[$2] + head[$2])) "${size[$2]}"; }
hex_of() { its_contents "$1" "$2" | basenc --base16 -w 0; }

# need_algorithm ALGORITHM LIST NAME: it is on the list, and its digests are one
need_algorithm() {
  [[ $1 =~ $2 ]] || refuse "$3: an algorithm that is not accepted: $1"
  [[ $1 != *rsassaPss* || $1 =~ ^(sha[0-9]+\ )?rsassaPss\ 0\ (sha[0-9]+)\ 1\ mgf1\ (sha[0-9]+)( |$) &&
    ${BASH_REMATCH[2]} == "${BASH_REMATCH[3]}" && ${BASH_REMATCH[1]:-"${BASH_REMATCH[2]} "} == "${BASH_REMATCH[2]} " ]] ||
    refuse "$3: RSASSA-PSS with several digests"
}

# --- CMS signatures

# read_cms FILE NAME: the parts of a signature (RFC 5652, 5.1 and 5.3), to the variables of read_signer and to
# $work/cms.N.pem (its certificates), cms.value (the signature itself) and cms.attributes (what it covers)
read_cms() {
  local at part=start field='' attribute='' digests='' digest='' scheme='' signers=0 versions='' sid='' named='' inner=''
  local value='' attributes='' tag
  local -a from head size deep kind text
  read_der "$1" "$2"
  [[ ${text[1]-} == ':pkcs7-signedData' ]] || refuse "$2: not a signature"
  for ((at = 3; at < ${#from[@]}; at++)); do
    tag="${deep[at]} ${kind[at]}"
    case "$part/$tag" in
      'start/3 INTEGER') versions=${text[at]#:} part=version ;;
      'version/3 SET') part=digests ;;
      'digests/3 SEQUENCE') part=content ;;
      'content/3 cont [ 0 ]') part=certificates ;;
      content/3\ *1* | certificates/3\ *1*) part=revocation revocation=1 ;;
      'content/3 SET' | 'certificates/3 SET' | 'revocation/3 SET') part=signers ;;
      */3\ *) refuse "$2: another form" ;;
      'digests/5 OBJECT') digests+=${text[at]} ;;
      'content/4 OBJECT') inner=${text[at]} ;;
      'certificates/4 SEQUENCE')
        certificates=$((certificates + 1))
        the_element "$1" "$at" >"$work/cms.$certificates.der"
        once pem "$work/cms.$certificates.der" openssl x509 -inform DER >"$work/cms.$certificates.pem" ||
          refuse "$2: a certificate is malformed"
        ;;
      certificates/4\ *) refuse "$2: something else among its certificates" ;;
      revocation/4\ *) if [[ $tag == *cont* ]]; then revocation=other; fi ;;
      signers/4\ *) signers=$((signers + 1)) ;;
    esac
    [[ $part == signers ]] || continue
    case "$field/$tag" in
      '/5 INTEGER') versions+=" ${text[at]#:}" field=version ;;
      version/5\ *) sid=${kind[at]} field=sid ;;
      'sid/5 SEQUENCE') field=digest ;;
      'digest/5 cont [ 0 ]') field=attributes attributes=$at ;;
      'attributes/5 SEQUENCE') field=scheme ;;
      'scheme/5 OCTET STRING') field=value value=$at ;;
      'value/5 cont [ 1 ]') field=unsigned unsigned=attributes ;;
      */5\ *) refuse "$2: another form" ;;
      'digest/6 OBJECT') digest=${text[at]} ;;
      'scheme/6 OBJECT') scheme=${text[at]#:} ;;
      'scheme/7 cont'*) scheme+=" ${kind[at]:7:1}" ;;
      scheme*OBJECT | scheme*INTEGER) scheme+=" ${text[at]#:}" ;;
      'attributes/7 OBJECT' | 'unsigned/7 OBJECT') attribute=${text[at]#:} named='' ;;
      'attributes/8 OBJECT') if [[ $attribute == contentType ]]; then type=${text[at]}; fi ;;
      'attributes/8 OCTET STRING') if [[ $attribute == messageDigest ]]; then message=$(hex_of "$1" "$at"); fi ;;
      'attributes/12 OBJECT') named=${named:-${text[at]#:}} ;;
      'attributes/11 OCTET STRING')
        # the first of each attribute names the signer (RFC 5035)
        if [[ $attribute == id-smime-aa-signingCertificate* && $named != done ]]; then
          if [[ $attribute != *V2 ]]; then named=v1; fi
          ess+=" ${named:-sha256}:$(hex_of "$1" "$at")" named=done
        fi
        ;;
      unsigned/8\ *)
        if [[ $attribute == id-smime-aa-timeStampToken ]]; then
          stamps=$((stamps + 1))
          the_element "$1" "$at" >"$work/cms.stamp"
        fi
        ;;
    esac
  done
  [[ $signers == 1 && -n $value ]] || refuse "$2: not one signature with signed attributes"
  [[ $type == "$inner" && -n $type ]] || refuse "$2: another kind of content than was signed"
  need_versions "$versions $sid" "$2"
  [[ $digests == "$digest" ]] || refuse "$2: another digest than its signer's"
  algorithm="${digest#:} $scheme"
  need_algorithm "$algorithm" "$SIGNERS" "$2"
  its_contents "$1" "$value" >"$work/cms.value"
  # the signature covers a SET OF, not the [0] of the file (RFC 5652, 5.4)
  { printf '\x31' && the_element "$1" "$attributes" | tail -c +2; } >"$work/cms.attributes"
}

# need_versions VERSIONS NAME: they fit what is inside (RFC 5652, 5.1 and 5.3)
need_versions() {
  local wanted=03
  if [[ $revocation == other ]]; then
    wanted=05
  elif [[ $type == ':pkcs7-data' && $1 != *cont* ]]; then
    wanted=01
  fi
  [[ $1 == "$wanted 01 SEQUENCE" || $1 == "$wanted 03 cont [ 0 ]" ]] || refuse "$2: its version numbers do not fit"
}

# read_signer FILE NAME [CONTENT]: who signed, to $work/signer.pem, and what, to $work/signed; more of it to variables
read_signer() {
  local at own message='' algorithm='' ess=''
  local -a content=()
  certificates=0 revocation='' unsigned='' stamps=0 type=''
  rm -f "$work"/cms.* "$work/signer.pem"
  read_cms "$1" "$2"
  [[ -n $ess ]] || refuse "$2: no signing certificate attribute"
  for ((at = 1; at <= certificates; at++)); do
    for own in $ess; do
      # RFC 2634 fixed SHA-1 for the first version; forging it would need a second preimage
      own=${own/#v1:/sha1:v1:}
      [[ $own =~ ^sha(1:v1|256|384|512):(.*)$ ]] || refuse "$2: its certificate is named by a digest that is not accepted"
      [[ $("sha${BASH_REMATCH[1]%:v1}sum" <"$work/cms.$at.der" | cut -d ' ' -f 1 | tr a-f A-F) == "${BASH_REMATCH[2]}" ]] || continue 2
    done
    cp "$work/cms.$at.pem" "$work/signer.pem"
  done
  [[ -f $work/signer.pem ]] || refuse "$2: its signing certificate is not inside"
  strong_key "$work/signer.pem" || refuse "$2: a key that is not accepted"
  if [[ $algorithm == *ED25519 ]]; then
    verify_edwards "$@"
    return
  fi
  if [[ -n ${3-} ]]; then content=(-content "$3"); fi
  openssl cms -verify -noverify -nointern -certfile "$work/signer.pem" -binary -inform DER -in "$1" "${content[@]}" \
    -out "$work/signed" >"$work/said.cms" 2>&1 || refuse "$2: $(tail -n 1 "$work/said.cms")"
}

# verify_edwards FILE NAME [CONTENT]: an Ed25519 signature, which "openssl cms" cannot check before version 3.2 (RFC 8419)
verify_edwards() {
  local at
  local -a from head size deep kind text
  read_der "$1" "$2"
  if [[ -n ${3-} ]]; then
    cat -- "$3" >"$work/signed"
  else
    for ((at = 0; at < ${#from[@]}; at++)); do
      if [[ ${deep[at]} == 5 && ${kind[at]} == 'OCTET STRING' ]]; then
        its_contents "$1" "$at" >"$work/signed"
        break
      fi
    done
  fi
  [[ $(sha512sum <"$work/signed" | cut -d ' ' -f 1 | tr a-f A-F) == "$message" ]] || refuse "$2: other content than was signed"
  openssl x509 -in "$work/signer.pem" -noout -pubkey >"$work/cms.key"
  openssl pkeyutl -verify -pubin -inkey "$work/cms.key" -rawin -in "$work/cms.attributes" -sigfile "$work/cms.value" \
    >/dev/null 2>&1 || refuse "$2: the signature is wrong"
}

# --- certificates

# once WORD CERTIFICATE COMMAND...: what the command says of it, asked once for each certificate
once() {
  local known
  known=$work/$1.$(sha256 "$2")
  if [[ ! -f $known ]]; then
    "${@:3}" <"$2" >"$known.part" 2>/dev/null || return 1
    mv "$known.part" "$known"
  fi
  cat "$known"
}

# about CERTIFICATE: its key and its extensions in OpenSSL's words; limits CERTIFICATE: the three that say what it is for
about() {
  once about "$1" openssl x509 -noout -text \
    -certopt no_header,no_version,no_serial,no_issuer,no_validity,no_subject,no_sigdump
}
limits() { once limits "$1" openssl x509 -noout -ext basicConstraints,keyUsage,extendedKeyUsage; }

# strong_key CERTIFICATE: RSA of enough bits, a named curve of enough bits, or Ed25519
strong_key() {
  local said bits=0
  said=$(about "$1") || return 1
  if [[ $said =~ Public-Key:\ \(([0-9]+)\ bit\) ]]; then bits=${BASH_REMATCH[1]}; fi
  [[ $said =~ Public\ Key\ Algorithm:\ ([A-Za-z0-9-]+) ]] || return 1
  case ${BASH_REMATCH[1]} in
    rsaEncryption | rsassaPss) ((bits >= MIN_RSA_BITS)) ;;
    id-ecPublicKey) [[ $said == *$'\n                ASN1 OID: '* ]] && ((bits >= MIN_EC_BITS)) ;;
    ED25519) ;;
    *) return 1 ;;
  esac
}

# strong_signature CERTIFICATE: its issuer signed it with an algorithm of the list
strong_signature() (
  known=$(sha256sum <"$1") known=$work/strong.${known:0:64}
  if [[ -f $known ]]; then exit "$(<"$known")"; fi
  trap 'printf "%s\n" $? >"$known"' EXIT
  parts=0 scheme=''
  to_der <"$1" >"$work/issued.der"
  read_der "$work/issued.der" ''
  for ((at = 1; at < ${#from[@]}; at++)); do
    if [[ ${deep[at]} == 1 ]]; then parts=$((parts + 1)); fi
    [[ $parts == 2 ]] || continue
    case "${deep[at]} ${kind[at]}" in
      '3 cont'*) scheme+=" ${kind[at]:7:1}" ;;
      *OBJECT | *INTEGER) scheme+=" ${text[at]#:}" ;;
    esac
  done
  need_algorithm "${scheme# }" "$SCHEMES" ''
) >/dev/null

# no_odd_limits CERTIFICATE: no extension is critical but those that are known
no_odd_limits() {
  local line critical='^ {12}([^ ].*): critical *$'
  while IFS= read -r line; do
    if [[ $line =~ $critical && ! ${BASH_REMATCH[1]} =~ $KNOWN_EXTENSIONS ]]; then return 1; fi
  done < <(about "$1")
}

# may_issue CERTIFICATE: an authority's, with a key that may be relied on
may_issue() {
  local said
  said=$(limits "$1") || return 1
  [[ $said == *CA:TRUE* && $said == *'Certificate Sign'* ]] && strong_key "$1" && no_odd_limits "$1"
}

# may_stand_between FILE...: those certificates that may stand between another and a root
may_stand_between() {
  local one
  for one; do
    if may_issue "$one" && strong_signature "$one"; then cat -- "$one"; fi
  done
}

# leads AT CERTIFICATE OTHERS ROOT: it was valid then, and leads to this root, across the others where needed
leads() {
  local -a others=()
  if [[ -s $3 ]]; then others=(-untrusted "$3"); fi
  openssl verify -CAfile "$4" -no-CApath -no-CAstore "${others[@]}" -partial_chain -attime "$1" -purpose any "$2"
}

# own_digest CERTIFICATE: its SHA-256
own_digest() { once digest "$1" own_digest_of; }
own_digest_of() { to_der | sha256sum | cut -c1-64; }

# to_der: the DER of a certificate that OpenSSL wrote as PEM; OpenSSL itself would take as long as 20 such programs
to_der() { tail -n +2 | head -n -1 | base64 -d; }

# sort_roots: what is asked of each given root again and again, to files beside it; and those that may stand between
# another certificate and a root, to $work/between.pem
sort_roots() {
  local root said
  for root in "$work"/root.*.pem; do
    said=$(openssl x509 -in "$root" -pubkey 2>/dev/null) || usage 'among the roots is something that is no certificate'
    printf '%s\n' "${said%%-----BEGIN CERTIFICATE*}" | sha256sum >"${root%.pem}.key"
    printf '%s\n' "-----BEGIN CERTIFICATE${said##*-----BEGIN CERTIFICATE}" >"$root"
    own_digest "$root" >"${root%.pem}.digest"
    if may_issue "$root"; then : >"${root%.pem}.issuer"; fi
  done
  may_stand_between "$work"/root.*.pem >"$work/between.pem"
}

# its_roots AT CERTIFICATE OTHERS: the keys of the given roots that it leads to, each root by itself
its_roots() {
  local root own strong=''
  no_odd_limits "$2" || return 0
  own=$(own_digest "$2")
  if strong_signature "$2"; then strong=1; fi
  for root in "$work"/root.*.pem; do
    # a certificate that was given itself is trusted, whoever signed it
    if [[ $(<"${root%.pem}.digest") == "$own" || ($strong && -f ${root%.pem}.issuer) ]]; then
      if leads "$1" "$2" "$3" "$root" >"$work/leads" 2>&1; then cat "${root%.pem}.key"; fi
    fi
  done | sort -u
}

# need_root AT CERTIFICATE OTHERS KEYS: it leads to a given root; its_roots has said to which
need_root() {
  local names
  [[ ! -s $4 ]] || return 0
  if no_odd_limits "$2" && leads "$1" "$2" "$3" "$2" >"$work/leads" 2>&1; then
    names=$(openssl x509 -in "$2" -noout -subject -issuer -nameopt RFC2253 | cut -d = -f 2- | paste -s -d '\t')
    : >"$work/root.missing"
    refuse "no root was given for: ${names/$'\t'/, issued by }"
  fi
  refuse "the certificate does not hold: $(tail -n 2 "$work/leads" 2>/dev/null | head -n 1)"
}

# --- time stamps

# read_info DIGEST NAME: the time-stamp information in $work/signed (RFC 3161, 2.4.2) is over this digest; when it was
# made, in seconds since 1970, to $at, whether a fraction was cut off, to $up, and what follows "tsa" to $work/tsa
read_info() {
  local n field='' file=$work/signed time='' part
  local -a from head size deep kind text
  rm -f "$work/tsa"
  read_der "$file" "$2"
  for ((n = 1; n < ${#from[@]}; n++)); do
    case "$field/${deep[n]} ${kind[n]}" in
      '/1 INTEGER') [[ ${text[n]} == :01 ]] || refuse "$2: a version that is not known" && field=version ;;
      'version/1 OBJECT') field=policy ;;
      'policy/1 SEQUENCE') field=imprint ;;
      'imprint/3 OBJECT') [[ ${text[n]} == :sha256 ]] || refuse "$2: over another digest than SHA-256" ;;
      'imprint/2 OCTET STRING') [[ $(hex_of "$file" "$n" | tr A-F a-f) == "$1" ]] || refuse "$2: over other data" && field=hashed ;;
      'hashed/1 INTEGER') field=serial ;;
      'serial/1 GENERALIZEDTIME') time=${text[n]#:} field=time ;;
      'time/1 SEQUENCE') field=accuracy ;;
      'accuracy/2 INTEGER') [[ ${text[n]} != :-* ]] || refuse "$2: an accuracy out of range" ;;
      'accuracy/2 cont [ '*)
        part=$(hex_of "$file" "$n")
        [[ ${#part} -le 4 && $part != [89A-F]* ]] && ((16#$part >= 1 && 16#$part <= 999)) || refuse "$2: an accuracy out of range"
        ;;
      'time/1 BOOLEAN' | 'accuracy/1 BOOLEAN') field=ordering ;;
      'time/1 INTEGER' | 'accuracy/1 INTEGER' | 'ordering/1 INTEGER') field=nonce ;;
      [tao]*/1\ cont*0* | nonce/1\ cont*0*) field=tsa ;;
      tsa/2\ *) the_element "$file" "$n" >"$work/tsa" ;;
      [tao]*/1\ cont*1* | nonce/1\ cont*1*) field=extensions ;;
      'extensions/3 BOOLEAN') [[ ${text[n]} != :255 ]] || refuse "$2: a critical extension" ;;
      */1\ *) refuse "$2: another form" ;;
    esac
  done
  [[ $time =~ ^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(\.[0-9]{0,11}[1-9])?Z$ ]] ||
    refuse "$2: a time in another form"
  up=$((${#BASH_REMATCH[7]} > 0))
  at=$(date -u -d "${BASH_REMATCH[1]}-${BASH_REMATCH[2]}-${BASH_REMATCH[3]} ${BASH_REMATCH[4]}:${BASH_REMATCH[5]}:${BASH_REMATCH[6]} UTC" +%s 2>/dev/null) ||
    refuse "$2: no such time"
}

# need_unit CERTIFICATE NAME: it is for time stamps and nothing else (RFC 3161, 2.3), and no authority's
need_unit() {
  local said
  said=$(limits "$1") || said=''
  [[ $said =~ Extended\ Key\ Usage:\ critical\ *$'\n'\ +Time\ Stamping($'\n'|$) ]] ||
    refuse "$2: its certificate is not for time-stamping alone"
  [[ $said != *CA:TRUE* && $said != *'Certificate Sign'* && $said != *'CRL Sign'* ]] ||
    refuse "$2: its certificate is an authority's"
  [[ $said != *' Key Usage:'* || ! ${said/Extended Key Usage/} == *' Key Usage:'* || $said == *'Digital Signature'* || $said == *'Non Repudiation'* ]] ||
    refuse "$2: its certificate may not sign"
}

# a_name FILE: a GeneralName in a form that compares (RFC 5280, 7.1)
a_name() {
  local -a from head size deep kind text
  read_der "$1" 'a name'
  if [[ ${kind[0]} == 'cont [ 4 ]' ]]; then
    the_element "$1" 1 >"$work/name"
    # OpenSSL prints a Name where a structure has one: a revocation list with nothing in it has an issuer
    { printf '\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02' && cat "$work/name" && printf '\x17\x0d260101000000Z'; } >"$work/tbs"
    { wrapped "$work/tbs" && printf '\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x03\x01\x00'; } >"$work/list"
    wrapped "$work/list" | openssl crl -inform DER -noout -issuer -nameopt RFC2253 | compared
  else
    basenc --base16 -w 0 <"$1"
  fi
}

# wrapped FILE: in a SEQUENCE; compared: no capitals, no more than one space, no word before
wrapped() {
  local bytes
  bytes=$(wc -c <"$1")
  # shellcheck disable=SC2059 # the two bytes of the length
  printf "\x30\x82\x$(printf %02x $((bytes >> 8)))\x$(printf %02x $((bytes & 255)))"
  cat "$1"
}
compared() { cut -d = -f 2- | tr -s ' ' | tr A-Z a-z; }

# need_own_name CERTIFICATE NAME: the office that a token names, if it names one, is that of the certificate
need_own_name() {
  local tsa n next=''
  local -a from head size deep kind text
  [[ -f $work/tsa ]] || return 0
  tsa=$(a_name "$work/tsa")
  [[ $tsa != "$(openssl x509 -in "$1" -noout -subject -nameopt RFC2253 | compared)" ]] || return 0
  to_der <"$1" >"$work/unit.der"
  read_der "$work/unit.der" "$2"
  for ((n = 0; n < ${#from[@]}; n++)); do
    if [[ ${text[n]} == ':X509v3 Subject Alternative Name' ]]; then
      next=1
    elif [[ -n $next && ${kind[n]} == 'OCTET STRING' ]]; then
      its_contents "$work/unit.der" "$n" >"$work/names.der"
      break
    fi
  done
  if [[ -n $next ]]; then
    read_der "$work/names.der" "$2"
    for ((n = 1; n < ${#from[@]}; n++)); do
      [[ ${deep[n]} == 1 ]] || continue
      the_element "$work/names.der" "$n" >"$work/alternative"
      [[ $tsa != "$(a_name "$work/alternative")" ]] || return 0
    done
  fi
  refuse "$2: names another office than its certificate"
}

# read_token TOKEN DIGEST NAME: all but its root; to $at, $up, and to $work/token.keys those of the given roots that it leads to
read_token() {
  local known
  known=$work/known.$2.$(sha256 "$1")
  if [[ ! -d $known ]]; then
    examine_token "$@"
    mkdir "$known"
    cp "$work"/{signer.pem,token.others,token.keys} "$known"
    printf '%s\n' "$at $up" "$revocation$unsigned" >"$known/facts"
  fi
  cp "$known"/*.* "$work"
  { read -r at up && read -r beside; } <"$known/facts" || true
}

examine_token() {
  read_signer "$1" "$3"
  [[ $type == ':id-smime-ct-TSTInfo' ]] || refuse "$3: not a time-stamp token"
  read_info "$2" "$3"
  need_unit "$work/signer.pem" "$3"
  need_own_name "$work/signer.pem" "$3"
  { cat "$work/between.pem" && may_stand_between "$work"/cms.[0-9]*.pem; } >"$work/token.others"
  its_roots "$at" "$work/signer.pem" "$work/token.others" >"$work/token.keys"
}

# seal_leads: the keys of the given roots that the seal leads to, to $work/seal.keys, once
seal_leads() {
  local at
  [[ ! -f $work/seal.keys ]] || return 0
  : >"$work/seal.keys"
  # a seal that does not hold leads nowhere; its own checks say so
  if [[ -f $work/seal.pem ]] && (seal_time) >"$work/seal.at" 2>/dev/null; then
    at=$(<"$work/seal.at")
    its_roots "$at" "$work/seal.pem" "$work/seal.others" >"$work/seal.keys"
  fi
}

# need_other_root WORDS: the token that was read and the seal do not lead to one and the same root
need_other_root() {
  seal_leads
  [[ -z $(comm -12 "$work/seal.keys" "$work/token.keys") ]] ||
    undecided "the seal and a time stamp lead to the same root: $1"
}

# check_token TOKEN DIGEST [WHATS MEMBER]: it is over this digest and leads to a root, not the seal's, at its own time;
# what that proves, and where the token lies, goes to $work/proven
check_token() {
  local at up when what
  read_token "$1" "$2" "${1##*/}"
  need_roots
  need_root "$at" "$work/signer.pem" "$work/token.others" "$work/token.keys"
  need_other_root "whoever issues the seal could have chosen the time; $ASK_STAMPS"
  # by then it was there: a fraction of a second is rounded up
  when=$(date -u -d "@$((at + up))" '+%Y-%m-%d %H:%M:%S UTC')
  for what in ${3-}; do
    printf '%s\t%s\t%s\t%s\n' "$when" "$what" "$4" "$(once office "$work/signer.pem" office)" >>"$work/proven"
  done
  printf '%s\n' "$when"
}

# office: what the certificate of a time-stamp office calls it: its common name, or the whole name if it has none
office() {
  local name
  name=$(openssl x509 -noout -subject -nameopt multiline)
  if [[ $name =~ commonName\ *=\ ([^$'\n']*) ]]; then name=${BASH_REMATCH[1]}; fi
  printf '%s\n' "${name//$'\n'/ }"
}

# --- the seal

# seal_time: when the seal was stamped, in seconds since 1970
seal_time() {
  local at up
  read_signer "$work/seal.tst" 'the time stamp of the seal'
  read_info "$(sha256 "$work/seal.value")" 'the time stamp of the seal'
  printf '%s\n' "$at"
}

check_seal_signature() {
  read_signer "$SEAL" "$SEAL" "$SEALED"
  [[ $type == ':pkcs7-data' ]] || refuse "$SEAL: not a seal"
  [[ $stamps == 1 ]] || refuse "$SEAL: not one time stamp"
  cp "$work/cms.value" "$work/seal.value"
  cp "$work/cms.stamp" "$work/seal.tst"
  { cat "$work/between.pem" && may_stand_between "$work"/cms.[0-9]*.pem; } >"$work/seal.others"
  check_may_seal
  cp "$work/signer.pem" "$work/seal.pem"
  printf 'certificate SHA-256\n'
  own_digest "$work/signer.pem"
}

# the seal's certificate is no authority's, commits to content, and is for documents if it says for what
check_may_seal() {
  local about line kinds='' next=0 size
  about=$(limits "$work/signer.pem") || about=''
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

# each counter-seal signs what the seal does, and the seal; by another certificate; stamped, and under a given root
check_seal_counter() {
  local list signature rc waits='' told=''
  own_digest "$work/seal.pem" >"$work/counter.known"
  while read -r list signature; do
    # one that is wrong outweighs those that cannot be decided
    rc=0
    (check_counter_seal "$list" "$signature") >"$work/when" || rc=$?
    case $rc in
      0) told+="$(<"$work/when")"$'\n' ;;
      3) waits=$(<"$work/when") ;;
      *) refuse "$(<"$work/when")" ;;
    esac
  done < <(counter_seals)
  [[ -z $waits ]] || undecided "$waits"
  printf '%s\n' "${told:-there is none}"
}

# need_counter_order SIGNATURE AT: stamped after the seal, and before the first archive time stamp that covers it
need_counter_order() {
  local at up list token
  seal_leads
  (($(<"$work/seal.at") <= $2 + MAX_SKEW_S)) || refuse "$1: stamped before the seal"
  while read -r list token; do
    if grep -qF "URI=\"$1\"" "$list"; then
      read_token "$token" "$(sha256 "$list")" "$token"
      (($2 <= at + MAX_SKEW_S)) || refuse "$1: stamped after the archive time stamp that covers it"
      return 0
    fi
  done < <(links)
}

# need_covered SIGNATURE: an archive time stamp over it leads to a given root; nothing else covers what it has unsigned
need_covered() {
  local list token
  while read -r list token; do
    if grep -qF "URI=\"$1\"" "$list" && (check_token "$token" "$(sha256 "$list")" '' "$token") >/dev/null; then
      [[ -n $missing ]] || rm -f "$work/root.missing"
      return 0
    fi
  done < <(links)
  [[ -n $missing ]] || rm -f "$work/root.missing"
  undecided "$1: no archive time stamp that covers it leads to a given root"
}

check_counter_seal() {
  local at up digest missing=''
  if [[ -e $work/root.missing ]]; then missing=1; fi
  read_manifest "$1" "$2" application/pkcs7-signature
  but "^(mimetype|$ARCHIVE|$ARCHIVED)\$|$RENEWAL|$COUNTER" >"$work/wanted"
  same "$work/manifest.names" "$work/wanted"
  sha256sum -c --strict --quiet "$work/manifest.sums" 2>&1 || exit 1
  read_signer "$2" "$2" "$1"
  [[ $type == ':pkcs7-data' ]] || refuse "$2: not a seal"
  [[ $stamps == 1 ]] || refuse "$2: not one time stamp"
  cp "$work/cms.value" "$work/counter.value"
  cp "$work/cms.stamp" "$work/counter.tst"
  { cat "$work/between.pem" && may_stand_between "$work"/cms.[0-9]*.pem; } >"$work/counter.others"
  check_may_seal
  cp "$work/signer.pem" "$work/counter.pem"
  digest=$(own_digest "$work/counter.pem")
  if grep -qx "$digest" "$work/counter.known"; then refuse "$2: by a certificate that sealed this bundle before"; fi
  printf '%s\n' "$digest" >>"$work/counter.known"
  read_token "$work/counter.tst" "$(sha256 "$work/counter.value")" "$2"
  need_counter_order "$2" "$at"
  need_roots
  its_roots "$at" "$work/counter.pem" "$work/counter.others" >"$work/counter.keys"
  if [[ ! -s $work/counter.keys ]]; then
    (need_root "$at" "$work/counter.pem" "$work/counter.others" "$work/counter.keys") >"$work/counter.said" || true
    # the seal of the sender needs no root of theirs
    if [[ $(<"$work/counter.said") == 'no root was given'* ]]; then
      [[ -n $missing ]] || rm -f "$work/root.missing"
      undecided "$2: $(<"$work/counter.said")"
    fi
    refuse "$(<"$work/counter.said")"
  fi
  (check_token "$work/counter.tst" "$(sha256 "$work/counter.value")" '' "$2") >"$work/counter.when" || {
    rc=$?
    if ((rc == 1)) && [[ $(<"$work/counter.when") == 'no root was given'* ]]; then
      [[ -n $missing ]] || rm -f "$work/root.missing"
      undecided "$2: $(<"$work/counter.when")"
    fi
    cat "$work/counter.when"
    exit "$rc"
  }
  need_covered "$2"
  check_token "$work/counter.tst" "$(sha256 "$work/counter.value")" counter_seal "$2" >"$work/counter.when"
  [[ -z $(comm -12 "$work/counter.keys" "$work/token.keys") ]] ||
    undecided 'a counter-seal and its time stamp lead to the same root'
  printf '%s: certificate SHA-256\n%s\n%s\n' "$2" "$digest" "$(<"$work/counter.when")"
}

check_seal_time_stamp() {
  check_token "$work/seal.tst" "$(sha256 "$work/seal.value")" seal "$SEAL"
}

check_seal_chain() {
  local at token digest found list
  if [[ -n $pin ]]; then
    found=$(own_digest "$work/seal.pem")
    [[ $found == "$pin" ]] || refuse "sealed by another certificate than yours: $found"
  fi
  need_roots
  seal_leads
  need_root "$(<"$work/seal.at")" "$work/seal.pem" "$work/seal.others" "$work/seal.keys"
  [[ -z $pin ]] || return 0
  # a file of stamps in another form fails in a check of its own
  (cut_stamps) >/dev/null || true
  for token in "$work/seal.tst" "$ARCHIVE" data/log/checkpoint.tst "$work"/stamp.*.tst; do
    case $token in
      "$work/seal.tst") digest=$(sha256 "$work/seal.value") ;;
      META-INF/*)
        list=$(links | while read -r list of; do if [[ $of == "$token" ]]; then printf '%s' "$list"; fi; done)
        digest=$(sha256 "$list")
        ;;
      data/log/*) digest=$(sha256 data/log/checkpoint) ;;
      *) digest=$(sha256 "${token%.tst}.checkpoint") ;;
    esac
    # a token that does not hold fails in a check of its own
    (read_token "$token" "$digest" '') >/dev/null 2>&1 || continue
    need_other_root 'whoever has a certificate under it could have sealed; give --seal, the fingerprint in the covering letter'
  done
}

# the first, which the sender made
check_archive_time_stamp() {
  local list token
  read -r list token < <(links)
  check_archive_token "$token" "$list" archive
}

# those that anybody can add later: without a root for its office, one is undecided
check_archive_renewals() {
  local list token what rc waits='' told=''
  while read -r list token; do
    [[ $token != "$ARCHIVE" ]] || continue
    what=''
    if [[ $list == "$ARCHIVED" ]]; then what=renewed; fi
    # one that is wrong outweighs those that cannot be decided
    rc=0
    (check_addition "$token" "$list" "$what") >"$work/when" || rc=$?
    case $rc in
      0) told+="$(<"$work/when")"$'\n' ;;
      3) waits=$(<"$work/when") ;;
      *) refuse "$(<"$work/when")" ;;
    esac
  done < <(links)
  [[ -z $waits ]] || undecided "$waits"
  printf '%s\n' "${told:-there is none}"
}

# check_archive_token TOKEN LIST WHAT: no list can name it yet, so it holds the token and no more; a renewal's may have
# revocation lists, which are not checked here
check_archive_token() {
  local at up
  read_token "$1" "$(sha256 "$2")" "${1##*/}"
  [[ -z $beside || ($beside == 1 && $1 != "$ARCHIVE") ]] || refuse "$1: unsigned additions"
  check_token "$1" "$(sha256 "$2")" "$3" "$1"
}

# check_addition TOKEN LIST WHAT: a renewal's token; that no root was given for its office leaves it undecided
check_addition() {
  local missing=''
  if [[ -e $work/root.missing ]]; then missing=1; fi
  rc=0
  (check_archive_token "$@") >"$work/addition" || rc=$?
  if ((rc == 1)) && [[ $(<"$work/addition") == 'no root was given'* ]]; then
    # the sender's seal and time stamps need no root of theirs
    if [[ -z $missing ]]; then rm -f "$work/root.missing"; fi
    undecided "$1: $(<"$work/addition")"
  fi
  cat "$work/addition"
  exit "$rc"
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
  [[ ${note[1]} =~ ^(0|[1-9][0-9]{0,18})$ && ${note[2]} =~ ^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$ ]] ||
    refuse "$1: another form"
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
  check_token data/log/checkpoint.tst "$(sha256 data/log/checkpoint)" 'first_entry log' data/log/checkpoint.tst
}

# cut_stamps: each line of stamps.jsonl into $work/stamp.N.checkpoint and $work/stamp.N.tst
cut_stamps() {
  local line checkpoint token number=0 form='^\{"checkpoint":"([^"]+)","consistency":\[[^]]*\],"token":"([A-Za-z0-9+/]+=*)"\}$'
  need_lines "$STAMPS"
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
  need_lines "$ENTRIES"
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
      (check_token "$file" "$(sha256 "${file%.tst}.checkpoint")" first_entry "$STAMPS") >"$work/when" || rc=$?
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

declare -A title=() says=()
failed=0 waiting=0 added=''

# run ID FUNCTION [NEEDED...]: one line, and what is wrong or known below it
run() {
  local rc=0 verdict=PASSED line need
  for need in "${@:3}"; do
    if [[ -z ${held[$need]-} ]]; then
      printf '%-13s %-22s %s\n%13s not made, because %s does not hold\n' INDETERMINATE "$1" "${title[$1]-}" '' "$need"
      waiting=1
      return
    fi
  done
  set +e
  (
    set -euo pipefail
    "$2"
  ) >"$work/said" 2>&1
  rc=$?
  set -e
  case $rc in
    0) held[$1]=1 passed[$1]=1 ;;
    3)
      verdict=INDETERMINATE held[$1]=1
      # anybody can add it: undecided, it leaves the verdict on what was sealed as it is
      if [[ $1 == archive.renewals || $1 == seal.counter ]]; then added+=" $1"; else waiting=1; fi
      ;;
    *) verdict=FAILED failed=1 ;;
  esac
  printf '%-13s %-22s %s\n' "$verdict" "$1" "${title[$1]-}"
  while IFS= read -r line; do
    printf '%13s %s\n' '' "$line"
  done < <(tr -cd '\11\12\40-\176' <"$work/said" | fold -s -w 65 | head -n 6)
}

main() {
  local bundle='' here root file id line
  local -a given=()
  declare -gA held=() passed=()
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
  [[ $(openssl version) =~ ^OpenSSL\ [3-9] ]] || usage 'OpenSSL 3 or later is needed.'
  split_roots "$work/roots.pem"
  sort_roots
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
  while read -r id line; do
    if [[ -n $id ]]; then says[$id]=$line; fi
  done <<<"$PROVEN"
  run_all
  proven_times
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
  if [[ -n $added ]]; then
    printf 'The verdict is on the bundle as it was sealed. Added later, and not decided:%s.\n\n' "$added"
  fi
  printf 'verdict: PASSED%s\n' "$(rehearsal)"
}

# proven_times: what time stamps that lead to a given root prove, the earliest first, and where their tokens lie
proven_times() {
  local when what member by line need begun='' told=''
  [[ -f $work/proven ]] || return 0
  while IFS=$'\t' read -r when what member by; do
    need=log.checkpoint_stamp
    case $what in
      seal) need=seal.time_stamp ;;
      archive) need=archive.time_stamp ;;
      renewed) need=archive.renewals ;;
      counter_seal) need=seal.counter ;;
      log) [[ -n ${passed[log.checkpoint]-} ]] || continue ;;
      first_entry)
        # of all stamps over the log, the earliest
        [[ -z $begun && -n ${passed[log.checkpoint]-} && -n ${passed[log.stamps]-} ]] || continue
        begun=1
        ;;
    esac
    [[ -n ${passed[$need]-} ]] || continue
    if [[ -z $told ]]; then printf '\nProven by time stamps, the earliest first:\n'; fi
    told=1
    while IFS= read -r line; do
      printf '%s\n' "${line% }"
    done < <(printf '%s  %s (%s, by %s)\n' "$when" "${says[$what]}" "$member" "$by" | tr -cd '\12\40-\176' | fold -s -w 79)
  done < <(sort "$work/proven")
}

# rehearsal: what stands beside the verdict unless the description and entry 0 of the log both say that this is none
rehearsal() {
  local line told=''
  # inside a string of JSON a quotation mark is escaped, so this is the name itself
  if [[ -f data/case.json && -f $ENTRIES ]] && ! has_zero data/case.json && ! has_zero "$ENTRIES" &&
    [[ $(<data/case.json) == *'"rehearsal":"no"'* ]]; then
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

# split_roots FILE: each certificate of a PEM file to a file of its own, $work/root.N.pem
split_roots() {
  local line part=0
  while IFS= read -r line; do
    if [[ $line == -----BEGIN* ]]; then part=$((part + 1)); fi
    if ((part)); then printf '%s\n' "$line" >>"$work/root.$part.pem"; fi
  done <"$1"
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
  run archive.renewals check_archive_renewals archive.time_stamp
  run seal.counter check_seal_counter seal.time_stamp archive.manifest archive.time_stamp archive.renewals
  run log.stamps check_log_stamps log.checkpoint
}

main "$@"
