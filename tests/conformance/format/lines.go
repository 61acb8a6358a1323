package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// the lines of the log's two files, as the page describes them; the names stand in their order.
type entryLine struct {
	Disclosures []string `json:"disclosures"`
	Index       string   `json:"index"`
	Leaf        string   `json:"leaf"`
	Path        []string `json:"path"`
}

type stampLine struct {
	Checkpoint  string   `json:"checkpoint"`
	Consistency []string `json:"consistency"`
	Token       string   `json:"token"`
}

func (b *bundle) checkForm() error {
	if err := b.readEntries(); err != nil {
		return fmt.Errorf("entries: %w", err)
	}
	if err := b.readStamps(); err != nil {
		return fmt.Errorf("stamps: %w", err)
	}
	return nil
}

func (b *bundle) readEntries() error {
	return b.eachLine("data/log/entries.jsonl", func(line []byte) error {
		var l entryLine
		if err := canonical(line, &l); err != nil {
			return err
		}
		if l.Disclosures == nil || l.Path == nil {
			return errors.New("a name is missing")
		}
		if !decimal.MatchString(l.Index) {
			return errors.New("the index is no decimal")
		}
		index, err := strconv.ParseInt(l.Index, 10, 64)
		if err != nil {
			return err
		}
		if last := len(b.entries) - 1; last >= 0 && b.entries[last].index >= index {
			return errors.New("out of order")
		}
		path, err := hashes(l.Path)
		b.entries = append(b.entries, entry{index, []byte(l.Leaf), l.Disclosures, path})
		return err
	})
}

func (b *bundle) readStamps() error {
	return b.eachLine("data/log/stamps.jsonl", func(line []byte) error {
		var l stampLine
		if err := canonical(line, &l); err != nil {
			return err
		}
		if l.Consistency == nil {
			return errors.New("a name is missing")
		}
		token, err := strict(base64.StdEncoding, l.Token)
		if err != nil {
			return err
		}
		parts := strings.SplitN(l.Checkpoint, "\n", 3)
		if len(parts) < 3 || !decimal.MatchString(parts[1]) {
			return errors.New("a checkpoint without a size")
		}
		size, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(token)
		s := stamp{digest: hex.EncodeToString(sum[:]), token: token, signed: []byte(l.Checkpoint), size: size}
		if last := len(b.stamps) - 1; last >= 0 {
			before := b.stamps[last]
			if before.size > s.size || (before.size == s.size && before.digest >= s.digest) {
				return errors.New("out of order")
			}
		}
		s.consistency, err = hashes(l.Consistency)
		b.stamps = append(b.stamps, s)
		return err
	})
}

func (b *bundle) eachLine(name string, read func([]byte) error) error {
	content, err := b.member(name)
	if err != nil {
		return err
	}
	lines := bytes.Split(content, []byte("\n"))
	if last := len(lines) - 1; len(lines[last]) > 0 {
		return errors.New("the last line has no end")
	}
	for number, line := range lines[:len(lines)-1] {
		if err := read(line); err != nil {
			return fmt.Errorf("line %d: %w", number+1, err)
		}
	}
	return nil
}

// canonical reads a line, which written again must be the same bytes.
func canonical(line []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	var again bytes.Buffer
	encoder := json.NewEncoder(&again)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(into); err != nil || again.String() != string(line)+"\n" {
		return errors.New("not canonical JSON")
	}
	return nil
}

func hashes(texts []string) (all []tlog.Hash, err error) {
	for _, text := range texts {
		hash, err := strict(base64.StdEncoding, text)
		if err != nil || len(hash) != tlog.HashSize {
			return nil, errors.New("not a hash")
		}
		all = append(all, tlog.Hash(hash))
	}
	return all, nil
}
