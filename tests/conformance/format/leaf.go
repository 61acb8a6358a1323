package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	format       = "nisisama/event/1"
	maxLeafBytes = 65535
	maxDepth     = 16
)

var (
	hex64      = regexp.MustCompile(`^[0-9a-f]{64}$`)
	hex32      = regexp.MustCompile(`^[0-9a-f]{32}$`)
	name       = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	formats    = regexp.MustCompile(`^nisisama/event/[1-9][0-9]*$`)
	typeRow    = regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\|([^|\n]*)\\|([^|\n]*)\\|([^|\n]*)\\|$")
	backticked = regexp.MustCompile("`([a-z0-9_]+)`")
	common     = []string{"actor", "at", "reason", "authority", "approver", "tool"}
	sealed     = []string{"media", "media_header", "record", "prints"}
)

// names of one type: those that a leaf commits to, and those in clear.
type names struct{ committed, public []string }

// readTypes reads the table of types in the specification.
func readTypes(page string) (map[string]names, error) {
	_, section, found := strings.Cut(page, "\n## Types\n")
	section, _, _ = strings.Cut(section, "\n## ")
	types := map[string]names{}
	for _, row := range typeRow.FindAllStringSubmatch(section, -1) {
		t := names{committed: append(inBackticks(row[2]), inBackticks(row[3])...), public: inBackticks(row[4])}
		if row[1] != "anchor" {
			t.committed = append(t.committed, common...)
		}
		slices.Sort(t.committed)
		slices.Sort(t.public)
		types[row[1]] = t
	}
	if !found || len(types) == 0 {
		return nil, errors.New("no table of types")
	}
	return types, nil
}

func inBackticks(cell string) (all []string) {
	for _, match := range backticked.FindAllStringSubmatch(cell, -1) {
		all = append(all, match[1])
	}
	return all
}

type leaf struct {
	After  string            `json:"after"`
	Commit string            `json:"commit"`
	Event  string            `json:"event"`
	Format string            `json:"format"`
	Log    string            `json:"log"`
	Public map[string]string `json:"public"`
	Sealed map[string]string `json:"sealed"`
	Type   string            `json:"type"`
}

// known tells whether the specification lists the type of a leaf.
func (b *bundle) known(l leaf) (names, bool) {
	t, listed := b.types[l.Type]
	return t, listed && l.Format == format
}

func (b *bundle) checkLeaves() error {
	var undecided error
	for _, e := range b.entries {
		index := e.index
		l, err := readLeaf(e.leaf)
		if err == nil && l.Log != b.verifier.Name() {
			err = errors.New("of another log")
		}
		t, known := b.known(l)
		if err == nil && known {
			err = requireType(l, t)
		}
		if err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
		if !known {
			undecided = fmt.Errorf("%w: entry %d is of type %s of %s", errUndecided, index, l.Type, l.Format)
		}
		b.leaves[index] = l
	}
	return undecided
}

func readLeaf(content []byte) (l leaf, err error) {
	if len(content) > maxLeafBytes {
		return l, errors.New("too long")
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&l); err != nil {
		return l, err
	}
	if l.Public == nil || l.Sealed == nil {
		return l, errors.New("a key is missing")
	}
	// the eight keys in their order, and nothing left out: written again it is the same
	var again bytes.Buffer
	encoder := json.NewEncoder(&again)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(l); err != nil || again.String() != string(content)+"\n" {
		return l, errors.New("not the canonical JSON of a leaf's eight keys")
	}
	digests := append(slices.Collect(maps.Values(l.Sealed)), l.After, l.Commit)
	for _, digest := range digests {
		if !hex64.MatchString(digest) {
			return l, errors.New("not a SHA-256")
		}
	}
	if !hex32.MatchString(l.Event) || !name.MatchString(l.Type) || !formats.MatchString(l.Format) {
		return l, errors.New("event, type or format is in another form")
	}
	for part := range l.Sealed {
		if !slices.Contains(sealed, part) {
			return l, fmt.Errorf("an unknown sealed part %q", part)
		}
	}
	return l, nil
}

func requireType(l leaf, t names) error {
	if !slices.Equal(slices.Sorted(maps.Keys(l.Public)), t.public) {
		return errors.New("public has other names than its type")
	}
	if _, record := l.Sealed["record"]; record != (l.Type != "anchor") {
		return errors.New("every entry but an anchor has a record")
	}
	return nil
}

func (b *bundle) checkDisclosures() error {
	for _, e := range b.entries {
		index := e.index
		shown, commit, err := readLines(e.lines)
		if err == nil && commit != b.leaves[index].Commit {
			err = errors.New("the lines do not hash to what the leaf commits to")
		}
		if t, known := b.known(b.leaves[index]); err == nil && known && !slices.Equal(shown, t.committed) {
			err = errors.New("the names are not those of its type")
		}
		if err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
	}
	return nil
}

// readLines gives the names of the lines and the digest over their commitments.
func readLines(lines []string) (shown []string, commit string, err error) {
	var object strings.Builder
	for _, line := range lines {
		of, commitment, err := readLine(line)
		if err != nil {
			return nil, "", err
		}
		if len(shown) > 0 && of <= shown[len(shown)-1] {
			return nil, "", fmt.Errorf("%s is there twice or out of order", of)
		}
		if shown = append(shown, of); len(shown) > 1 {
			object.WriteByte(',')
		}
		fmt.Fprintf(&object, `"%s":"%s"`, of, commitment)
	}
	sum := sha256.Sum256([]byte("{" + object.String() + "}"))
	return shown, hex.EncodeToString(sum[:]), nil
}

func readLine(line string) (of, commitment string, err error) {
	of, commitment, withheld := strings.Cut(line, " ")
	if withheld {
		digest, err := strict(base64.RawURLEncoding, commitment)
		if err != nil || len(digest) != sha256.Size || !name.MatchString(of) {
			return "", "", errors.New("not a name and a commitment")
		}
		return of, commitment, nil
	}
	if of, err = disclosedName(line); err != nil {
		return "", "", err
	}
	sum := sha256.Sum256([]byte(line))
	return of, base64.RawURLEncoding.EncodeToString(sum[:]), nil
}

// disclosedName reads an array of a salt, a name and a value.
func disclosedName(line string) (string, error) {
	data, err := strict(base64.RawURLEncoding, line)
	if err != nil {
		return "", fmt.Errorf("a disclosure: %w", err)
	}
	if !utf8.Valid(data) || halfSurrogate(data) {
		return "", errors.New("a disclosure is not Unicode")
	}
	if err := requireValue(data); err != nil {
		return "", fmt.Errorf("a disclosure: %w", err)
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(data, &parts); err != nil || len(parts) != 3 {
		return "", errors.New("a disclosure is no array of three")
	}
	var salt, of string
	if json.Unmarshal(parts[0], &salt) != nil || json.Unmarshal(parts[1], &of) != nil {
		return "", errors.New("a disclosure has no salt or no name")
	}
	bytes, err := strict(base64.RawURLEncoding, salt)
	if err != nil || len(bytes) != 32 || !name.MatchString(of) {
		return "", errors.New("a disclosure has another salt or name")
	}
	return of, nil
}

// requireValue refuses numbers, booleans, a name twice in one object, and what is nested too deeply.
func requireValue(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := walk(decoder, 0); err != nil {
		return err
	}
	if _, err := decoder.Token(); err == nil {
		return errors.New("something behind it")
	}
	return nil
}

func walk(decoder *json.Decoder, depth int) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case nil, string:
		return nil
	case json.Delim:
		if depth > maxDepth { // the array of a disclosure itself is one more than the value's
			return errors.New("nested too deeply")
		}
		return walkInto(decoder, token, depth)
	}
	return fmt.Errorf("a %T is no value", token)
}

func walkInto(decoder *json.Decoder, opening json.Delim, depth int) error {
	seen := map[string]bool{}
	for decoder.More() {
		if opening == '{' {
			key, err := decoder.Token()
			if err != nil {
				return err
			}
			if of := key.(string); seen[of] {
				return errors.New("a name twice in one object")
			} else {
				seen[of] = true
			}
		}
		if err := walk(decoder, depth+1); err != nil {
			return err
		}
	}
	_, err := decoder.Token()
	return err
}

var (
	escapes = regexp.MustCompile(`\\(u[0-9a-fA-F]{4}|.)`)
	pairs   = regexp.MustCompile(`(?i)^(?:\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2})*`)
)

// halfSurrogate finds an escaped half of a surrogate pair, which Go would read as another character.
func halfSurrogate(data []byte) bool {
	text := string(data)
	for at := 0; at < len(text); {
		if text[at] != '\\' {
			at++
			continue
		}
		if whole := len(pairs.FindString(text[at:])); whole > 0 {
			at += whole
			continue
		}
		escape := strings.ToLower(escapes.FindString(text[at:]))
		if strings.HasPrefix(escape, `\ud`) && escape[3] >= '8' {
			return true
		}
		at += max(len(escape), 1)
	}
	return false
}
