// Format checks what the log proves in an evidence bundle. It was written from docs/format.md
// alone, with the Go project's transparency log packages, and knows the types of entries only
// from the table that it reads in that page.
//
//	format SPECIFICATION BUNDLE [VKEY]
//
// It prints one line for each check, by the identifier that other verifiers give it, and exits
// with 0 when all hold, 1 when one does not, 3 when an entry is of a type that the page does not
// list. Trust in time-stamp offices and in the seal is not its matter: of a token it checks what
// it was made over, and when.
package main

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	noToken = "0000000000000000000000000000000000000000000000000000000000000000"
	skew    = 60 * time.Second
)

var errUndecided = errors.New("undecided")

// a bundle, and what the checks before have read out of it.
type bundle struct {
	types   map[string]names
	members map[string][]byte
	vkey    string // from outside; may be empty

	verifier   note.Verifier
	checkpoint checkpoint
	stampedAt  time.Time
	indexes    []int64
	leaves     map[int64]leaf
}

type checkpoint struct {
	size int64
	root tlog.Hash
}

func main() {
	if len(os.Args) < 3 || len(os.Args) > 4 {
		fmt.Fprintln(os.Stderr, "usage: format SPECIFICATION BUNDLE [VKEY]")
		os.Exit(2)
	}
	b, err := open(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Printf("FAILED container: %v\n", err)
		os.Exit(1)
	}
	if len(os.Args) == 4 {
		b.vkey = os.Args[3]
	}
	os.Exit(b.run())
}

func (b *bundle) run() int {
	code := 0
	failed := map[string]bool{}
	for _, check := range []struct {
		id    string
		needs []string
		run   func(*bundle) error
	}{
		{"log.key", nil, (*bundle).checkKey},
		{"log.checkpoint", []string{"log.key"}, (*bundle).checkCheckpoint},
		{"log.checkpoint_stamp", nil, (*bundle).checkCheckpointStamp},
		{"log.leaves", []string{"log.checkpoint"}, (*bundle).checkLeaves},
		{"log.inclusion", []string{"log.checkpoint"}, (*bundle).checkInclusion},
		{"log.disclosures", []string{"log.leaves"}, (*bundle).checkDisclosures},
		{"log.stamps", []string{"log.leaves"}, (*bundle).checkStamps},
		{"log.order", []string{"log.stamps", "log.checkpoint_stamp"}, (*bundle).checkOrder},
	} {
		if slices.ContainsFunc(check.needs, func(need string) bool { return failed[need] }) {
			failed[check.id] = true
			fmt.Printf("NOT MADE %s\n", check.id)
			continue
		}
		switch err := check.run(b); {
		case err == nil:
			fmt.Printf("ok %s\n", check.id)
		case errors.Is(err, errUndecided):
			fmt.Printf("UNDECIDED %s: %v\n", check.id, err)
			code = max(code, 3)
		default:
			fmt.Printf("FAILED %s: %v\n", check.id, err)
			failed[check.id] = true
		}
	}
	if len(failed) > 0 {
		return 1
	}
	return code
}

func open(specification, file string) (*bundle, error) {
	page, err := os.ReadFile(specification)
	if err != nil {
		return nil, err
	}
	types, err := readTypes(string(page))
	if err != nil {
		return nil, err
	}
	members, err := readMembers(file)
	if err != nil {
		return nil, err
	}
	b := &bundle{types: types, members: members, leaves: map[int64]leaf{}}
	b.indexes, err = readIndexes(members)
	return b, err
}

func readMembers(file string) (map[string][]byte, error) {
	archive, err := zip.OpenReader(file)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	members := map[string][]byte{}
	for _, member := range archive.File {
		if _, twice := members[member.Name]; twice {
			return nil, fmt.Errorf("%s is there twice", member.Name)
		}
		content, err := member.Open()
		if err != nil {
			return nil, err
		}
		if members[member.Name], err = io.ReadAll(content); err != nil {
			return nil, err
		}
	}
	return members, nil
}

var logMember = regexp.MustCompile(`^data/log/(0|[1-9][0-9]*)\.(leaf|tlog-proof|disclosures)$`)

// readIndexes gives the entries that are shown, each of which must have its three members.
func readIndexes(members map[string][]byte) ([]int64, error) {
	parts := map[int64]int{}
	for name := range members {
		if match := logMember.FindStringSubmatch(name); match != nil {
			index, err := strconv.ParseInt(match[1], 10, 64)
			if err != nil {
				return nil, err
			}
			parts[index]++
		}
	}
	for index, count := range parts {
		if count != 3 {
			return nil, fmt.Errorf("entry %d is not complete", index)
		}
	}
	return slices.Sorted(maps.Keys(parts)), nil
}

func (b *bundle) member(format string, values ...any) ([]byte, error) {
	name := fmt.Sprintf(format, values...)
	content, there := b.members[name]
	if !there {
		return nil, fmt.Errorf("%s is missing", name)
	}
	return content, nil
}

func (b *bundle) checkKey() error {
	key, err := b.member("data/log/key")
	if err != nil {
		return err
	}
	vkey, ended := strings.CutSuffix(string(key), "\n")
	if !ended || strings.Contains(vkey, "\n") {
		return errors.New("not one line")
	}
	if b.vkey != "" && vkey != b.vkey {
		return errors.New("another key than was given")
	}
	b.verifier, err = note.NewVerifier(vkey)
	return err
}

func (b *bundle) checkCheckpoint() error {
	signed, err := b.member("data/log/checkpoint")
	if err != nil {
		return err
	}
	b.checkpoint, err = b.openCheckpoint(signed)
	return err
}

var decimal = regexp.MustCompile(`^(0|[1-9][0-9]{0,18})$`)

// openCheckpoint reads three text lines, a blank line and one signature line, and nothing else.
func (b *bundle) openCheckpoint(signed []byte) (c checkpoint, err error) {
	lines := strings.Split(string(signed), "\n")
	if len(lines) != 6 || lines[5] != "" || lines[3] != "" {
		return c, errors.New("not five lines")
	}
	opened, err := note.Open(signed, note.VerifierList(b.verifier))
	if err != nil {
		return c, err
	}
	if len(opened.Sigs) != 1 || len(opened.UnverifiedSigs) != 0 {
		return c, errors.New("not exactly one signature")
	}
	if lines[0] != b.verifier.Name() {
		return c, errors.New("of another log")
	}
	if !decimal.MatchString(lines[1]) {
		return c, errors.New("the size is no decimal")
	}
	if c.size, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return c, err
	}
	root, err := strict(base64.StdEncoding, lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return c, errors.New("the root is not 32 bytes in base64")
	}
	copy(c.root[:], root)
	if c.size == 0 && c.root != sha256.Sum256(nil) {
		return c, errors.New("the empty tree has another root")
	}
	return c, nil
}

// strict decodes what is in the one spelling of its bytes.
func strict(encoding *base64.Encoding, text string) ([]byte, error) {
	data, err := encoding.Strict().DecodeString(text)
	if err == nil && encoding.EncodeToString(data) != text {
		err = errors.New("not the one spelling")
	}
	return data, err
}

func (b *bundle) checkInclusion() error {
	signed, err := b.member("data/log/checkpoint")
	if err != nil {
		return err
	}
	for _, index := range b.indexes {
		content, _ := b.member("data/log/%d.leaf", index)
		file, _ := b.member("data/log/%d.tlog-proof", index)
		path, err := readProof(string(file), index, string(signed))
		if err == nil {
			err = tlog.CheckRecord(path, b.checkpoint.size, b.checkpoint.root, index, tlog.RecordHash(content))
		}
		if err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
	}
	return nil
}

func readProof(file string, index int64, signed string) (tlog.RecordProof, error) {
	head, rest, found := strings.Cut(file, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return nil, errors.New("not a proof file")
	}
	if lines[1] != fmt.Sprintf("index %d", index) {
		return nil, errors.New("the proof of another entry")
	}
	if rest != signed {
		return nil, errors.New("a proof in another checkpoint")
	}
	if len(lines)-2 > 63 {
		return nil, errors.New("more than 63 hashes")
	}
	var path tlog.RecordProof
	for _, line := range lines[2:] {
		hash, err := strict(base64.StdEncoding, line)
		if err != nil || len(hash) != tlog.HashSize {
			return nil, errors.New("not a hash")
		}
		path = append(path, tlog.Hash(hash))
	}
	return path, nil
}

func (b *bundle) checkCheckpointStamp() error {
	signed, err := b.member("data/log/checkpoint")
	if err != nil {
		return err
	}
	token, err := b.member("data/log/checkpoint.tst")
	if err != nil {
		return err
	}
	b.stampedAt, err = stampOver(token, signed)
	return err
}

var stampMember = regexp.MustCompile(`^data/timestamps/([0-9a-f]{64})\.tst$`)

func (b *bundle) checkStamps() error {
	cited := map[string]bool{}
	for _, l := range b.leaves {
		if l.After != noToken {
			cited[l.After] = true
		}
	}
	for name := range b.members {
		if match := stampMember.FindStringSubmatch(name); match != nil && !cited[match[1]] {
			return fmt.Errorf("no entry names %s", name)
		}
	}
	for digest := range cited {
		if _, _, err := b.stamp(digest); err != nil {
			return fmt.Errorf("token %s: %w", digest, err)
		}
	}
	return nil
}

// stamp gives the time of a named token, and the checkpoint that it stamps.
func (b *bundle) stamp(digest string) (at time.Time, c checkpoint, err error) {
	token, err := b.member("data/timestamps/%s.tst", digest)
	if err != nil {
		return at, c, err
	}
	if sum := sha256.Sum256(token); hex.EncodeToString(sum[:]) != digest {
		return at, c, errors.New("another token")
	}
	signed, err := b.member("data/timestamps/%s.checkpoint", digest)
	if err != nil {
		return at, c, err
	}
	if c, err = b.openCheckpoint(signed); err != nil {
		return at, c, err
	}
	at, err = stampOver(token, signed)
	return at, c, err
}

func (b *bundle) checkOrder() error {
	roots := map[int64]tlog.Hash{b.checkpoint.size: b.checkpoint.root}
	var last time.Time
	for _, index := range b.indexes {
		after := b.leaves[index].After
		if after == noToken {
			if !last.IsZero() {
				return fmt.Errorf("entry %d names no token, and one before it does", index)
			}
			continue
		}
		at, c, err := b.stamp(after)
		if err != nil {
			return err
		}
		if c.size > index {
			return fmt.Errorf("entry %d names a token that was logged after it", index)
		}
		if root, known := roots[c.size]; known && root != c.root {
			return fmt.Errorf("two roots of %d entries", c.size)
		}
		roots[c.size] = c.root
		if at.Add(skew).Before(last) || b.stampedAt.Add(skew).Before(at) {
			return fmt.Errorf("entry %d names a token out of order", index)
		}
		last = at
	}
	return nil
}

var (
	oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidTSTInfo    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidSHA256     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
)

// RFC 5652 and RFC 3161, as far as they are needed here.
type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,tag:0"`
}

type signedData struct {
	Version int
	Digests asn1.RawValue
	Encap   struct {
		Type    asn1.ObjectIdentifier
		Content []byte `asn1:"explicit,tag:0"`
	}
}

type tstInfo struct {
	Version int
	Policy  asn1.ObjectIdentifier
	Imprint struct {
		Algorithm struct {
			ID         asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		}
		Digest []byte
	}
	Serial asn1.RawValue
	Time   time.Time `asn1:"generalized"`
}

// stampOver checks that a token was made over these bytes, and tells when.
func stampOver(token, content []byte) (time.Time, error) {
	var outer contentInfo
	if rest, err := asn1.Unmarshal(token, &outer); err != nil || len(rest) > 0 || !outer.Type.Equal(oidSignedData) {
		return time.Time{}, fmt.Errorf("not a token: %v", err)
	}
	var data signedData
	if _, err := asn1.Unmarshal(outer.Content.Bytes, &data); err != nil || !data.Encap.Type.Equal(oidTSTInfo) {
		return time.Time{}, fmt.Errorf("not a token: %v", err)
	}
	var info tstInfo
	if _, err := asn1.Unmarshal(data.Encap.Content, &info); err != nil {
		return time.Time{}, fmt.Errorf("not a token: %v", err)
	}
	sum := sha256.Sum256(content)
	if !info.Imprint.Algorithm.ID.Equal(oidSHA256) || !slices.Equal(info.Imprint.Digest, sum[:]) {
		return time.Time{}, errors.New("a time stamp over something else")
	}
	return info.Time, nil
}
