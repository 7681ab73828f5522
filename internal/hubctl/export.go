package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// maxLine is the longest line of an export: an item has 400 KB, its JSON a few times
// that, and a line of an incremental export two images.
const maxLine = 16 << 20

// export tells what stands in the files of an export below a folder. Files of several
// tables and of several exports may lie there; their manifests are passed over.
func (p *publisher) export(ctx context.Context, folder string) error {
	files := 0
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json.gz") {
			return err
		}
		files++
		if err := p.file(ctx, path); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		return nil
	})
	if err == nil && files == 0 {
		err = fmt.Errorf("hubctl republish: there is no file *.json.gz in or below %s", folder)
	}
	return err
}

// file tells what stands in one file.
func (p *publisher) file(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	zip, err := gzip.NewReader(bufio.NewReader(f))
	if errors.Is(err, io.EOF) {
		return nil // a partition without items
	}
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(zip)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	tell := p.tell(ctx)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		if err := p.store.ReadExport(lines.Bytes(), p.want.team, tell); err != nil {
			return err
		}
	}
	return lines.Err()
}

// scan tells what stands in the tables themselves, each read in segments side by side.
func (p *publisher) scan(ctx context.Context, segments int) error {
	tables := map[string]string{"MESSAGES_TABLE": p.store.Tables.Messages, "CONTACTS_TABLE": p.store.Tables.Contacts}
	for name, table := range tables {
		if table == "" {
			return fmt.Errorf("hubctl republish: %s is missing in the environment; -export reads an export instead", name)
		}
	}
	for _, name := range sorted(tables) {
		if err := p.table(ctx, tables[name], segments); err != nil {
			return err
		}
	}
	return nil
}

// unit is how many bytes a read unit of a scan covers: 4 KB, twice that as it is not
// consistent.
const unit = 8 << 10

func (p *publisher) table(ctx context.Context, table string, segments int) error {
	if bytes, err := p.store.TableSize(ctx, table); err == nil {
		fmt.Fprintf(p.progress, "%s: reading about %d MB, %d read units\n", table, bytes>>20, (bytes+unit-1)/unit)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		units float64
		first error
	)
	for segment := range segments {
		wg.Go(func() {
			n, err := p.store.Scan(ctx, table, segment, segments, p.want.team, p.tell(ctx))
			mu.Lock()
			defer mu.Unlock()
			units += n
			if err != nil && first == nil {
				first = err
				cancel()
			}
		})
	}
	wg.Wait()
	fmt.Fprintf(p.out, "%s: read for %.0f read units\n", table, units)
	return first
}

// sorted are the names of a map in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
