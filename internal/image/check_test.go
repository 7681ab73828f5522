package image

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/gif"
	"runtime"
	"strings"
	"testing"

	"omnihub/internal/hub"
)

// wantRule fails the test unless err is the refusal by a rule; "" is none.
func wantRule(t testing.TB, name string, err error, want Rule) {
	t.Helper()
	var got Rule
	errors.As(err, &got)
	if got != want || (err == nil) != (want == "") || err != nil && hub.CodeOf(err) != hub.BadRequest {
		t.Errorf("%s: got %v, want %q", name, err, want)
	}
}

func TestCheckHoldsPicturesToTheRules(t *testing.T) {
	plain, flat := asJPEG(t, quarters(660, 10)), asPNG(t, quarters(700, 20))
	var moving bytes.Buffer
	if err := gif.Encode(&moving, quarters(700, 20), nil); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		raw  []byte
		want Rule
	}{
		{"JPEG", plain, ""},
		{"PNG", flat, ""},
		{"as large as may be", append(bytes.Clone(plain), make([]byte, MaxBytes-len(plain))...), ""},
		{"a byte too large", append(bytes.Clone(plain), make([]byte, MaxBytes+1-len(plain))...), Small},
		{"nothing", nil, Known},
		{"text", []byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), Known},
		{"GIF", moving.Bytes(), Known},
		{"WebP", []byte("RIFF\x24\x00\x00\x00WEBPVP8 "), Known},
		{"JPEG that is not", []byte("\xFF\xD8\xFF"), Whole},
		{"PNG that is not", []byte(pngSignature), Whole},
		{"PNG without its head", []byte(pngSignature + "\x00\x00\x00\x00IDAT\x00\x00\x00\x00"), Whole},
		{"a pixel too narrow", asJPEG(t, quarters(659, 700)), Wide},
		{"narrow as it is shown", turned(asJPEG(t, quarters(700, 600)), binary.BigEndian, 6), Wide},
		{"wide as it is shown", turned(asJPEG(t, quarters(600, 700)), binary.BigEndian, 6), ""},
		{"animated PNG", chunk(flat, "acTL", []byte{0, 0, 0, 2, 0, 0, 0, 0}), Still},
		{"bomb", claimed(flat, 60_000, 60_000, 8, 6, 0), FewPixels},
		{"as many pixels as may be", claimed(flat, 5000, 5000, 8, 6, 0), ""},
		{"a row too many", claimed(flat, 5000, 5001, 8, 6, 0), FewPixels},
		{"16 bits a colour", claimed(flat, 5000, 5000, 16, 6, 0), ""},
		{"16 bits a colour, in passes", claimed(flat, 5000, 5000, 16, 6, 1), Affordable},
		{"as wide as a PNG says", claimed(flat, 1<<31-1, 1<<31-1, 8, 6, 0), Whole},
		{"as much memory as may be", claimed(flat, 4096, 4096, 16, 6, 1), ""},
		{"a row more", claimed(flat, 4096, 4097, 16, 6, 1), Affordable},
		{"progressive", progressive(4000, 3000, 10, 0x22, 0x11, 0x11), ""},
		{"progressive, all colours full", progressive(4000, 4000, 10, 0x11, 0x11, 0x11), Affordable},
		{"as many passes as may be", progressive(700, 600, 50, 0x11), ""},
		{"a pass too many", progressive(700, 600, 51, 0x11), Affordable},
	} {
		_, err := Check(test.raw)
		wantRule(t, test.name, err, test.want)
	}
}

func TestRefusalsAreSentencesForPeople(t *testing.T) {
	for _, rule := range []Rule{Small, Known, Whole, Still, Wide, FewPixels, Affordable} {
		if text := rule.Error(); !strings.HasPrefix(text, "The image ") || !strings.HasSuffix(text, ".") {
			t.Errorf("%s: got %q, want a sentence", rule, text)
		}
	}
	if len(sentences) != 7 {
		t.Errorf("got %d sentences, want one for each rule", len(sentences))
	}
}

func TestFactsAreThoseOfThePictureAsItIsShown(t *testing.T) {
	raw := turned(asJPEG(t, quarters(700, 900)), binary.LittleEndian, 8)
	if got, err := Check(raw); err != nil || got.MIME != "image/jpeg" || got.Width != 900 || got.Height != 700 || got.Bytes != len(raw) {
		t.Errorf("got %+v, %v, want 900 by 700", got, err)
	}
	raw = chunk(asPNG(t, quarters(700, 900)), "eXIf", exif(binary.BigEndian, 5))
	if got, err := Check(raw); err != nil || got.MIME != "image/png" || got.Width != 900 || got.Height != 700 {
		t.Errorf("got %+v, %v, want 900 by 700", got, err)
	}
}

func TestOrientationIsReadFromBothOrdersAndNothingElse(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
		for n := range 9 {
			if got := orientation(exif(order, n)); got != turn(n) {
				t.Errorf("%s: got %d, want %d", order, got, n)
			}
		}
		if got := orientation(exif(order, 9)); got != 0 {
			t.Errorf("%s: got %d for 9, want none", order, got)
		}
	}
	for _, tiff := range []string{"", "II*\x00", "II*\x00\xFF\xFF\xFF\xFF", "II*\x00\x08\x00\x00\x00\xFF\xFF", "XX*\x00\x08\x00\x00\x00\x00\x00"} {
		if got := orientation([]byte(tiff)); got != 0 {
			t.Errorf("%q: got %d, want none", tiff, got)
		}
	}
}

func TestBombCostsNoMemory(t *testing.T) {
	bomb := claimed(asPNG(t, quarters(700, 20)), 30_000, 30_000, 16, 6, 1)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		_, err := Variants(bomb, hub.ImageWhole)
		wantRule(t, "bomb", err, FewPixels)
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / 100; each > 64<<10 {
		t.Errorf("got %d bytes for a refusal, want at most 64 KB", each)
	}
}

// The decoder of Go must need no more than is reckoned with: else a picture within the
// bounds could take a process down.
func TestDecoderNeedsNoMoreMemoryThanReckoned(t *testing.T) {
	grey := image.NewGray16(image.Rect(0, 0, 1500, 1000))
	clear := image.NewNRGBA64(image.Rect(0, 0, 1500, 1000))
	for name, raw := range map[string][]byte{
		"JPEG": asJPEG(t, quarters(1500, 1000)), "grey JPEG": asJPEG(t, image.NewGray(grey.Rect)),
		"PNG": asPNG(t, quarters(1500, 1000)), "grey PNG": asPNG(t, grey), "clear PNG": asPNG(t, clear),
		"progressive": progressive(1500, 1000, 3, 0x22, 0x11, 0x11), "interlaced": interlaced(1500, 1000), "full progressive": progressive(1500, 1000, 3, 0x11, 0x11, 0x11), "grey progressive": progressive(1500, 1000, 3, 0x11),
	} {
		h, rule := readHead(raw)
		if rule != "" {
			t.Fatalf("%s: %v", name, rule)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := decode(raw, h.mime); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		runtime.ReadMemStats(&after)
		if got, most := after.TotalAlloc-before.TotalAlloc, uint64(h.memory(1500*1000)); got > most+most/10+256<<10 {
			t.Errorf("%s: got %d bytes, want at most %d", name, got, most)
		}
	}
}

// TestLargePictureLeavesNothingBehind: another one may follow in the same process, and the
// memory has no room for two.
func TestLargePictureLeavesNothingBehind(t *testing.T) {
	raw := interlaced(2000, 1500) // 24 MB, and as much in parts
	damaged := bytes.Clone(raw)
	damaged[len(damaged)-20]++ // of the pixels' checksum: all of them were read before
	for name, c := range map[string]struct {
		raw  []byte
		want Rule
	}{"whole": {raw, ""}, "damaged": {damaged, Whole}} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		_, err := Variants(c.raw, hub.ImageWhole, hub.ImageSquare)
		wantRule(t, name, err, c.want)
		runtime.ReadMemStats(&after)
		if left := int64(after.HeapAlloc) - int64(before.HeapAlloc); left > 8<<20 {
			t.Errorf("%s: got %d MB that nobody needs any more, want them given back", name, left>>20)
		}
		if unused := after.HeapIdle - after.HeapReleased; unused > 16<<20 {
			t.Errorf("%s: the process holds %d MB that it does not use", name, unused>>20)
		}
	}
}

func FuzzCheck(f *testing.F) {
	plain, flat := asJPEG(f, quarters(660, 10)), asPNG(f, quarters(700, 3))
	for _, raw := range [][]byte{plain, flat, turned(plain, binary.LittleEndian, 6), chunk(flat, "eXIf", exif(binary.BigEndian, 3)), chunk(flat, "acTL", nil),
		progressive(700, 8, 3, 0x22, 0x11, 0x11), claimed(flat, 1<<31-1, 1, 16, 6, 1), plain[:len(plain)/2], flat[:len(flat)/2]} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		facts, err := Check(raw)
		if err != nil {
			var rule Rule
			if !errors.As(err, &rule) || sentences[rule] == "" {
				t.Fatalf("got %v, want a rule", err)
			}
			return
		}
		if facts.Width < MinWidth || facts.Height < 1 || facts.Width*facts.Height > MaxPixels {
			t.Fatalf("got %+v within the rules", facts)
		}
		if facts.Width*facts.Height > 1<<20 {
			return // true, but slow
		}
		out, err := Variants(raw, hub.ImageWhole, hub.ImageSquare)
		if err != nil {
			wantRule(t, "damaged", err, Whole)
			return
		}
		for _, v := range out {
			if len(v.JPEG) > MaxVariantBytes || max(v.Width, v.Height) > MaxVariantSide || v.Width > facts.Width {
				t.Fatalf("got %d bytes, %d by %d", len(v.JPEG), v.Width, v.Height)
			}
		}
	})
}
