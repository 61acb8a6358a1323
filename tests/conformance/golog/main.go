// Golog checks a folder of artefacts of a custody log with the Go project's own
// transparency log packages and with torchwood, none of which we wrote.
//
// The folder holds:
//
//	vkey               verifier key, one line without newline
//	checkpoint         signed checkpoint
//	checkpoint.old     signed checkpoint of an earlier size
//	leaf               one entry
//	inclusion          its index, then its path, one base64 hash per line
//	consistency        path from the old checkpoint to the new, one base64 hash per line
//	record.tlog-proof  proof file of the entry
//	tile/              the tree as C2SP tiles, with entry bundles below tile/entries
//
// It prints one line per check that passed and stops at the first that did not.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type artefacts struct {
	dir         fs.FS
	verifier    note.Verifier
	checkpoint  []byte
	tree        torchwood.Checkpoint
	old         torchwood.Checkpoint
	record      tlog.Hash
	index       int64
	inclusion   tlog.RecordProof
	consistency tlog.TreeProof
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: golog FOLDER")
		os.Exit(2)
	}
	a := &artefacts{dir: os.DirFS(os.Args[1])}
	for _, check := range []struct {
		name string
		run  func(*artefacts) error
	}{
		{"vkey", (*artefacts).checkKey},
		{"checkpoint", (*artefacts).checkCheckpoint},
		{"checkpoint.old", (*artefacts).checkOldCheckpoint},
		{"inclusion", (*artefacts).checkInclusion},
		{"consistency", (*artefacts).checkConsistency},
		{"tlog-proof", (*artefacts).checkProofFile},
		{"tiles", (*artefacts).checkTiles},
		{"entries", (*artefacts).checkEntries},
	} {
		if err := check.run(a); err != nil {
			fmt.Printf("FAILED %s: %v\n", check.name, err)
			os.Exit(1)
		}
		fmt.Printf("ok %s\n", check.name)
	}
}

func (a *artefacts) checkKey() error {
	vkey, err := fs.ReadFile(a.dir, "vkey")
	if err != nil {
		return err
	}
	a.verifier, err = note.NewVerifier(string(vkey))
	return err
}

func (a *artefacts) checkCheckpoint() (err error) {
	if a.checkpoint, err = fs.ReadFile(a.dir, "checkpoint"); err != nil {
		return err
	}
	a.tree, err = a.open(a.checkpoint)
	return err
}

func (a *artefacts) checkOldCheckpoint() error {
	old, err := fs.ReadFile(a.dir, "checkpoint.old")
	if err != nil {
		return err
	}
	a.old, err = a.open(old)
	return err
}

// open checks the signature and that nothing else was signed along or by others.
func (a *artefacts) open(checkpoint []byte) (torchwood.Checkpoint, error) {
	n, err := note.Open(checkpoint, note.VerifierList(a.verifier))
	if err != nil {
		return torchwood.Checkpoint{}, err
	}
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return torchwood.Checkpoint{}, errors.New("not exactly one signature")
	}
	c, err := torchwood.ParseCheckpoint(n.Text)
	if err != nil {
		return c, err
	}
	if c.Origin != a.verifier.Name() || c.Extension != "" {
		return c, errors.New("another origin, or extension lines")
	}
	return c, nil
}

func (a *artefacts) checkInclusion() error {
	leaf, err := fs.ReadFile(a.dir, "leaf")
	if err != nil {
		return err
	}
	a.record = tlog.RecordHash(leaf)
	lines, err := a.lines("inclusion")
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		return errors.New("no index")
	}
	if a.index, err = strconv.ParseInt(lines[0], 10, 64); err != nil {
		return err
	}
	if a.inclusion, err = hashes(lines[1:]); err != nil {
		return err
	}
	return tlog.CheckRecord(a.inclusion, a.tree.N, a.tree.Hash, a.index, a.record)
}

func (a *artefacts) checkConsistency() error {
	lines, err := a.lines("consistency")
	if err != nil {
		return err
	}
	if a.consistency, err = hashes(lines); err != nil {
		return err
	}
	return tlog.CheckTree(a.consistency, a.tree.N, a.tree.Hash, a.old.N, a.old.Hash)
}

func (a *artefacts) checkProofFile() error {
	file, err := fs.ReadFile(a.dir, "record.tlog-proof")
	if err != nil {
		return err
	}
	policy := torchwood.ThresholdPolicy(2,
		torchwood.OriginPolicy(a.verifier.Name()), torchwood.SingleVerifierPolicy(a.verifier))
	if err := torchwood.VerifyProof(policy, a.record, file); err != nil {
		return err
	}
	if !bytes.Equal(file, torchwood.FormatProof(a.index, a.inclusion, a.checkpoint)) {
		return errors.New("not the bytes that torchwood writes for this proof")
	}
	return nil
}

// checkTiles lets the Go client, which authenticates every tile that it reads against
// the signed root, make the same proofs from our tiles.
func (a *artefacts) checkTiles() error {
	reader := tlog.TileHashReader(a.tree.Tree, a)
	if root, err := tlog.TreeHash(a.tree.N, reader); err != nil || root != a.tree.Hash {
		return fmt.Errorf("root from tiles is %v: %v", root, err)
	}
	inclusion, err := tlog.ProveRecord(a.tree.N, a.index, reader)
	if err != nil || !slices.Equal(inclusion, a.inclusion) {
		return fmt.Errorf("inclusion path from tiles differs: %v", err)
	}
	consistency, err := tlog.ProveTree(a.tree.N, a.old.N, reader)
	if err != nil || !slices.Equal(consistency, a.consistency) {
		return fmt.Errorf("consistency path from tiles differs: %v", err)
	}
	return nil
}

// checkEntries compares each entry of the bundles with its hash in the tiles of level 0,
// which checkTiles found to lead to the signed root.
func (a *artefacts) checkEntries() error {
	var index int64
	for _, tile := range tlog.NewTiles(torchwood.TileHeight, 0, a.tree.N) {
		if tile.L != 0 {
			continue
		}
		hashes, err := fs.ReadFile(a.dir, torchwood.TilePath(tile))
		if err != nil {
			return err
		}
		bundled := tile
		bundled.L = -1
		rest, err := fs.ReadFile(a.dir, torchwood.TilePath(bundled))
		if err != nil {
			return err
		}
		for at := range tile.W {
			var entry []byte
			if entry, rest, err = torchwood.ReadTileEntry(rest); err != nil {
				return err
			}
			hash, err := tlog.HashFromTile(tile, hashes, tlog.StoredHashIndex(0, index))
			if err != nil || tlog.RecordHash(entry) != hash {
				return fmt.Errorf("entry %d (%d of its bundle) has another hash: %v", index, at, err)
			}
			index++
		}
		if len(rest) != 0 {
			return errors.New("more bytes than entries in a bundle")
		}
	}
	if index != a.tree.N {
		return fmt.Errorf("%d entries in bundles", index)
	}
	return nil
}

// Height, ReadTiles and SaveTiles make the folder a tlog.TileReader.
func (a *artefacts) Height() int { return torchwood.TileHeight }

func (a *artefacts) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := fs.ReadFile(a.dir, filepath.ToSlash(torchwood.TilePath(tile)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (a *artefacts) SaveTiles([]tlog.Tile, [][]byte) {}

func (a *artefacts) lines(name string) ([]string, error) {
	data, err := fs.ReadFile(a.dir, name)
	if err != nil || len(data) == 0 {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n"), nil
}

func hashes(lines []string) ([]tlog.Hash, error) {
	var all []tlog.Hash
	for _, line := range lines {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}
