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
	"errors"
	"fmt"
	"io"
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
	entries    []entry // in the order of the log
	leaves     map[int64]leaf
	stamps     []stamp // ascending by size
	times      map[string]time.Time
}

// a line of data/log/entries.jsonl.
type entry struct {
	index int64
	leaf  []byte
	lines []string
	path  []tlog.Hash
}

// a line of data/log/stamps.jsonl.
type stamp struct {
	digest      string
	token       []byte
	signed      []byte
	size        int64
	consistency []tlog.Hash
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
		{"log.form", nil, (*bundle).checkForm},
		{"log.leaves", []string{"log.checkpoint", "log.form"}, (*bundle).checkLeaves},
		{"log.inclusion", []string{"log.checkpoint", "log.form"}, (*bundle).checkInclusion},
		{"log.disclosures", []string{"log.leaves"}, (*bundle).checkDisclosures},
		{"log.stamps", []string{"log.leaves"}, (*bundle).checkStamps},
		{"log.consistency", []string{"log.stamps"}, (*bundle).checkConsistency},
		{"log.order", []string{"log.stamps", "log.checkpoint_stamp"}, (*bundle).checkOrder},
		{"log.times", []string{"log.stamps", "log.checkpoint_stamp"}, (*bundle).checkTimes},
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
	return &bundle{types: types, members: members, leaves: map[int64]leaf{}, times: map[string]time.Time{}}, nil
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

func (b *bundle) member(name string) ([]byte, error) {
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
	for _, e := range b.entries {
		err := tlog.CheckRecord(e.path, b.checkpoint.size, b.checkpoint.root, e.index, tlog.RecordHash(e.leaf))
		if err != nil {
			return fmt.Errorf("entry %d: %w", e.index, err)
		}
	}
	return nil
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

func (b *bundle) checkStamps() error {
	for _, s := range b.stamps {
		c, err := b.openCheckpoint(s.signed)
		if err == nil && c.size != s.size {
			err = errors.New("another size")
		}
		if err == nil {
			b.times[s.digest], err = stampOver(s.token, s.signed)
		}
		if err != nil {
			return fmt.Errorf("token %s: %w", s.digest, err)
		}
	}
	for index, l := range b.leaves {
		if _, there := b.times[l.After]; l.After != noToken && !there {
			return fmt.Errorf("entry %d names a token that is not there", index)
		}
	}
	return nil
}

func (b *bundle) checkConsistency() error {
	for _, s := range b.stamps {
		c, err := b.openCheckpoint(s.signed)
		if err != nil {
			return err
		}
		switch {
		case c.size >= b.checkpoint.size:
			err = errors.New("not an earlier checkpoint")
		case c.size == 0:
			if len(s.consistency) > 0 {
				err = errors.New("a path from the empty tree")
			}
		default:
			err = tlog.CheckTree(s.consistency, b.checkpoint.size, b.checkpoint.root, c.size, c.root)
		}
		if err != nil {
			return fmt.Errorf("checkpoint of %d entries: %w", c.size, err)
		}
	}
	return nil
}

func (b *bundle) checkOrder() error {
	var last time.Time
	for _, e := range b.entries {
		after := b.leaves[e.index].After
		if after == noToken {
			if !last.IsZero() {
				return fmt.Errorf("entry %d names no token, and one before it does", e.index)
			}
			continue
		}
		at := b.times[after]
		for _, s := range b.stamps {
			if s.digest == after && s.size >= e.index {
				return fmt.Errorf("entry %d names a token that was logged after it", e.index)
			}
		}
		if at.Add(skew).Before(last) {
			return fmt.Errorf("entry %d names a token out of order", e.index)
		}
		if at.After(last) {
			last = at
		}
	}
	for digest, at := range b.times {
		if b.stampedAt.Add(skew).Before(at) {
			return fmt.Errorf("token %s is later than the final one", digest)
		}
	}
	return nil
}

// checkTimes sees that each earlier token is named, or gives an entry the earliest time in the log.
func (b *bundle) checkTimes() error {
	needed := map[string]bool{}
	for _, e := range b.entries {
		needed[b.leaves[e.index].After] = true
		earliest, by := b.stampedAt.Truncate(time.Millisecond), ""
		for _, s := range slices.Backward(b.stamps) {
			at := b.times[s.digest].Truncate(time.Millisecond)
			if s.size > e.index && !at.After(earliest) {
				earliest, by = at, s.digest
			}
		}
		needed[by] = true
	}
	for _, s := range b.stamps {
		if !needed[s.digest] {
			return fmt.Errorf("token %s bounds nothing", s.digest)
		}
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
