// Checks a ledger's folder with Go's own checksum-database code (golang.org/x/mod/sumdb, as the
// toolchain carries it): note opens the heads, tlog builds the tree, reads the tiles and proves.
//
//	sumdb VKEY LEDGER [--head FILE]... [--proof FILE]... [--grown FILE]... [--fork FILE]...
//
// A head is an older checkpoint of the ledger, a proof a .tlog-proof of one of its entries, the
// others are proofs that one head extends another, or cannot. Every file under tile/ must be one
// that a head needs, and is read. Exit 0: all holds; 1: refused.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: sumdb VKEY LEDGER [--head|--proof|--grown|--fork FILE]...")
		os.Exit(2)
	}
	said, err := check(os.Args[1], os.Args[2], os.Args[3:])
	if err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
	fmt.Println(said)
}

func check(vkey, ledger string, more []string) (string, error) {
	log, err := note.NewVerifier(vkey)
	if err != nil {
		return "", err
	}
	newest, err := openHead(log, filepath.Join(ledger, "checkpoint"))
	if err != nil {
		return "", err
	}
	heads, proofs, pairs := []tlog.Tree{newest}, []string{}, 0
	for i := 0; i+1 < len(more); i += 2 {
		switch more[i] {
		case "--head":
			head, err := openHead(log, more[i+1])
			if err != nil {
				return "", err
			}
			heads = append(heads, head)
		case "--proof":
			proofs = append(proofs, more[i+1])
		case "--grown", "--fork":
			if err := pair(log, more[i+1], more[i] == "--fork"); err != nil {
				return "", fmt.Errorf("%s: %w", more[i+1], err)
			}
			pairs++
		default:
			return "", fmt.Errorf("no such option: %s", more[i])
		}
	}

	lines, err := readLines(ledger)
	if err != nil {
		return "", err
	}
	if err := buildsTo(lines, newest); err != nil {
		return "", err
	}
	tiles := &folder{root: ledger, seen: map[string][]byte{}}
	for _, head := range heads {
		if err := extends(tiles, newest, head); err != nil {
			return "", fmt.Errorf("head of %d: %w", head.N, err)
		}
		if err := holds(tiles, head, lines); err != nil {
			return "", fmt.Errorf("head of %d: %w", head.N, err)
		}
	}
	read, err := tiles.allRead()
	if err != nil {
		return "", err
	}
	for _, proof := range proofs {
		if err := proves(log, proof, lines); err != nil {
			return "", fmt.Errorf("%s: %w", proof, err)
		}
	}
	proven := int64(0)
	for _, head := range heads {
		if err := includes(tiles, head, lines); err != nil {
			return "", fmt.Errorf("head of %d: %w", head.N, err)
		}
		proven += head.N
	}
	if err := everySmaller(tiles, newest, lines); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s: %d entries, %d heads, %d tile files, %d inclusions, %d consistencies, %d files of proofs",
		log.Name(), newest.N, len(heads), read, proven, newest.N, len(proofs)+pairs), nil
}

// openHead opens a checkpoint. (tlog.ParseTree asks for the header of Go's own log.)
func openHead(log note.Verifier, path string) (tlog.Tree, error) {
	msg, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	tree, err := parseHead(log, msg)
	if err != nil {
		return tree, fmt.Errorf("%s: %w", path, err)
	}
	return tree, nil
}

func parseHead(log note.Verifier, msg []byte) (tree tlog.Tree, err error) {
	opened, err := note.Open(msg, note.VerifierList(log))
	if err != nil {
		return tree, err
	}
	text := strings.Split(opened.Text, "\n")
	if len(text) != 4 || text[0] != log.Name() || text[3] != "" {
		return tree, fmt.Errorf("not the three lines of a head of %s: %q", log.Name(), opened.Text)
	}
	tree.N, err = strconv.ParseInt(text[1], 10, 64)
	if err != nil || tree.N < 1 || text[1] != strconv.FormatInt(tree.N, 10) {
		return tree, fmt.Errorf("not a size: %q", text[1])
	}
	tree.Hash, err = tlog.ParseHash(text[2])
	return tree, err
}

func readLines(ledger string) ([][]byte, error) {
	files, err := filepath.Glob(filepath.Join(ledger, "events", "*.jsonl"))
	if err != nil {
		return nil, err
	}
	sort.Strings(files)
	var lines [][]byte
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if !bytes.HasSuffix(data, []byte("\n")) {
			return nil, fmt.Errorf("%s: no newline at its end", file)
		}
		lines = append(lines, bytes.Split(data[:len(data)-1], []byte("\n"))...)
	}
	return lines, nil
}

// stored is a tree that tlog builds from records, with nothing from any tile.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hashes[i] = s[index]
	}
	return hashes, nil
}

func buildsTo(lines [][]byte, head tlog.Tree) error {
	var tree stored
	for i, line := range lines {
		hashes, err := tlog.StoredHashes(int64(i), line, tree)
		if err != nil {
			return err
		}
		tree = append(tree, hashes...)
	}
	root, err := tlog.TreeHash(int64(len(lines)), tree)
	if err != nil {
		return err
	}
	if int64(len(lines)) != head.N || root != head.Hash {
		return fmt.Errorf("the lines build a tree of %d with root %v; signed is %d with %v",
			len(lines), root, head.N, head.Hash)
	}
	return nil
}

// extends proves that the newer tree is an extension of the older one, from the newer one's tiles.
func extends(tiles *folder, newer, older tlog.Tree) error {
	if older.N > newer.N {
		return fmt.Errorf("newer than the ledger's head of %d", newer.N)
	}
	proof, err := tlog.ProveTree(newer.N, older.N, tlog.TileHashReader(newer, tiles))
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, newer.N, newer.Hash, older.N, older.Hash)
}

// holds finds the lines in the tiles and in the entry bundles of a head.
func holds(tiles *folder, head tlog.Tree, lines [][]byte) error {
	indexes := make([]int64, head.N)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, int64(i))
	}
	leaves, err := tlog.TileHashReader(head, tiles).ReadHashes(indexes)
	if err != nil {
		return err
	}
	for i, leaf := range leaves {
		if leaf != tlog.RecordHash(lines[i]) {
			return fmt.Errorf("entry %d: the tile has another leaf than the line", i)
		}
	}
	for n := int64(0); n*256 < head.N; n++ {
		entries, err := tiles.bundle(n, int(min(256, head.N-n*256)))
		if err != nil {
			return err
		}
		for i, entry := range entries {
			if !bytes.Equal(entry, lines[n*256+int64(i)]) {
				return fmt.Errorf("entry %d: the bundle has other bytes than the line", n*256+int64(i))
			}
		}
	}
	return nil
}

// includes proves every line in the tree of a head, from the tiles of that head.
func includes(tiles *folder, head tlog.Tree, lines [][]byte) error {
	reader := tlog.TileHashReader(head, tiles)
	for i := int64(0); i < head.N; i++ {
		if err := included(reader, head, i, lines[i]); err != nil {
			return fmt.Errorf("entry %d: %w", i, err)
		}
	}
	return nil
}

func included(reader tlog.HashReader, head tlog.Tree, i int64, line []byte) error {
	proof, err := tlog.ProveRecord(head.N, i, reader)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, head.N, head.Hash, i, tlog.RecordHash(line))
}

// everySmaller does the same, a few leaves each, for the trees of all smaller sizes: their tiles may
// be gone, then a wider one stands for them.
func everySmaller(tiles *folder, newest tlog.Tree, lines [][]byte) error {
	whole := tlog.TileHashReader(newest, tiles)
	for size := int64(1); size <= newest.N; size++ {
		root, err := tlog.TreeHash(size, whole)
		if err != nil {
			return err
		}
		older := tlog.Tree{N: size, Hash: root}
		if err := extends(tiles, newest, older); err != nil {
			return fmt.Errorf("size %d: %w", size, err)
		}
		reader := tlog.TileHashReader(older, tiles)
		for _, i := range []int64{0, size / 2, size - 1} {
			if err := included(reader, older, i, lines[i]); err != nil {
				return fmt.Errorf("size %d, entry %d: %w", size, i, err)
			}
		}
	}
	return nil
}

// proves checks a .tlog-proof: C2SP tlog-proof@v1, with the line as its extra.
func proves(log note.Verifier, path string, lines [][]byte) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	top, signed, found := strings.Cut(string(data), "\n\n")
	rows := strings.Split(top, "\n")
	if !found || len(rows) < 3 || rows[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("not a tlog-proof")
	}
	extra, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(rows[1], "extra "))
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(rows[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	if index >= int64(len(lines)) || !bytes.Equal(extra, lines[index]) {
		return fmt.Errorf("its extra is not the line of entry %d", index)
	}
	proof := tlog.RecordProof{}
	for _, row := range rows[3:] {
		hash, err := tlog.ParseHash(row)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	head, err := parseHead(log, []byte(signed))
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, head.N, head.Hash, index, tlog.RecordHash(lines[index]))
}

// pair checks a file with two signed heads and a path: that the newer tree extends the older head,
// or, of a fork, that at the older one's size it had another root.
func pair(log note.Verifier, path string, isFork bool) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var file struct {
		Newer, Older, Prefix string
		Path                 []string
		V                    int
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return err
	}
	newer, err := parseHead(log, []byte(file.Newer))
	if err != nil {
		return err
	}
	older, err := parseHead(log, []byte(file.Older))
	if err != nil {
		return err
	}
	proof := tlog.TreeProof{}
	for _, text := range file.Path {
		hash, err := hashOf(text)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	then := older.Hash
	if isFork {
		if then, err = hashOf(file.Prefix); err != nil {
			return err
		}
		if then == older.Hash {
			return errors.New("both heads are of one history")
		}
	}
	return tlog.CheckTree(proof, newer.N, newer.Hash, older.N, then)
}

func hashOf(text string) (hash tlog.Hash, err error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != tlog.HashSize {
		return hash, fmt.Errorf("not a hash: %q", text)
	}
	copy(hash[:], raw)
	return hash, nil
}

// folder reads tiles as C2SP tlog-tiles lays them out: tile/<level>/… where Go says tile/8/<level>/…
// and tile/entries/… where Go says tile/8/data/….
type folder struct {
	root string
	seen map[string][]byte
}

func (f *folder) Height() int                     { return 8 }
func (f *folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f *folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		found, width, err := f.widest(tile)
		if err != nil {
			return nil, err
		}
		if len(found) != width*tlog.HashSize {
			return nil, fmt.Errorf("%s of width %d has %d bytes", place(tile), width, len(found))
		}
		data[i] = found[:tile.W*tlog.HashSize]
	}
	return data, nil
}

// bundle returns the first entries of a bundle: each is its length in two bytes, and its bytes.
func (f *folder) bundle(n int64, width int) ([][]byte, error) {
	tile := tlog.Tile{H: 8, L: -1, N: n, W: width}
	data, stored, err := f.widest(tile)
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("%s ends within an entry", place(tile))
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	if len(entries) != stored {
		return nil, fmt.Errorf("%s has %d entries, expected %d", place(tile), len(entries), stored)
	}
	return entries[:width], nil
}

// widest reads the tile of exactly this width, else the full one, else a wider partial one.
func (f *folder) widest(tile tlog.Tile) (data []byte, width int, err error) {
	widths := []int{tile.W, 256}
	for wider := tile.W + 1; wider < 256; wider++ {
		widths = append(widths, wider)
	}
	for _, width = range widths {
		tile.W = width
		data, err = f.read(place(tile))
		if !errors.Is(err, fs.ErrNotExist) {
			return data, width, err
		}
	}
	return nil, 0, err
}

func place(tile tlog.Tile) string {
	path := strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1)
	return strings.Replace(path, "tile/8/", "tile/", 1)
}

func (f *folder) read(path string) ([]byte, error) {
	if data, ok := f.seen[path]; ok {
		if data == nil {
			return nil, fs.ErrNotExist
		}
		return data, nil
	}
	data, err := os.ReadFile(filepath.Join(f.root, path))
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		f.seen[path] = data
	}
	return data, err
}

// allRead says how many files there are under tile/, and refuses one that nothing was read from.
func (f *folder) allRead() (int, error) {
	count := 0
	err := filepath.WalkDir(filepath.Join(f.root, "tile"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		inside, err := filepath.Rel(f.root, path)
		if err != nil {
			return err
		}
		if f.seen[filepath.ToSlash(inside)] == nil {
			return fmt.Errorf("%s: no head needs it", inside)
		}
		count++
		return nil
	})
	return count, err
}
