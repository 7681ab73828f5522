package image

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"testing"

	"pgregory.net/rapid"

	"omnihub/internal/hub"
)

// near reports whether a pixel has about a colour.
func near(m image.Image, x, y int, want color.Color) bool {
	r, g, b, _ := m.At(x, y).RGBA()
	wr, wg, wb, _ := want.RGBA()
	for _, pair := range [][2]uint32{{r, wr}, {g, wg}, {b, wb}} {
		if d := int(pair[0]>>8) - int(pair[1]>>8); d < -40 || d > 40 {
			return false
		}
	}
	return true
}

// corners are the colours of the corners, row by row.
func corners(m image.Image) string {
	b, out := m.Bounds(), ""
	for _, at := range []image.Point{{b.Dx() / 8, b.Dy() / 8}, {b.Dx() * 7 / 8, b.Dy() / 8}, {b.Dx() / 8, b.Dy() * 7 / 8}, {b.Dx() * 7 / 8, b.Dy() * 7 / 8}} {
		name := "?"
		for c, n := range map[color.RGBA]string{red: "r", green: "g", blue: "b", yellow: "y"} {
			if near(m, at.X, at.Y, c) {
				name = n
			}
		}
		out += name
	}
	return out
}

func TestVariantsKeepTheRulesOfEveryPicture(t *testing.T) {
	// How a camera's turns show red and green above blue and yellow.
	shown := []string{"rgby", "rgby", "gryb", "ybgr", "byrg", "rbgy", "bryg", "ygbr", "gyrb"}
	rapid.Check(t, func(t *rapid.T) {
		long := rapid.SampledFrom([]int{660, 661, 700, 1023, 1024, 1025, 1320, 2047, 2048, 2049, 2500}).Draw(t, "long")
		short := rapid.SampledFrom([]int{8, 100, 659, 660, 700, 1100}).Draw(t, "short")
		n := rapid.IntRange(0, 8).Draw(t, "turn")
		w, h := long, short
		if turn(n).sideways() {
			w, h = short, long
		}
		var raw []byte
		if rapid.Bool().Draw(t, "png") {
			raw = chunk(asPNG(t, quarters(w, h)), "eXIf", exif(binary.BigEndian, n))
		} else {
			raw = turned(asJPEG(t, quarters(w, h)), binary.LittleEndian, n)
		}
		shapes := []string{hub.ImageWhole, hub.ImageSquare}
		out, err := Variants(raw, shapes...)
		if err != nil || len(out) != 2 {
			t.Fatalf("got %d variants, %v", len(out), err)
		}
		again, err := Variants(raw, hub.ImageSquare)
		if err != nil || !bytes.Equal(again[0].JPEG, out[1].JPEG) {
			t.Fatalf("got another variant of the same bytes, %v", err)
		}
		for i, v := range out {
			m, err := jpeg.Decode(bytes.NewReader(v.JPEG))
			if err != nil || m.Bounds().Size() != image.Pt(v.Width, v.Height) || v.Shape != shapes[i] {
				t.Fatalf("got %s of %v, %v, want %d by %d", v.Shape, m.Bounds(), err, v.Width, v.Height)
			}
			if len(v.JPEG) > MaxVariantBytes || max(v.Width, v.Height) > MaxVariantSide || v.Width > long || v.Height > short {
				t.Errorf("%s: got %d bytes, %d by %d out of %d by %d", v.Shape, len(v.JPEG), v.Width, v.Height, long, short)
			}
			switch v.Shape {
			case hub.ImageSquare:
				if v.Width != v.Height || v.Width != min(long, short, MaxVariantSide) {
					t.Errorf("got a square of %d by %d out of %d by %d", v.Width, v.Height, long, short)
				}
			default:
				by := min(1, MaxVariantSide/float64(max(long, short)))
				if wide, high := math.Round(float64(long)*by), math.Round(float64(short)*by); float64(v.Width) != wide || float64(v.Height) != high {
					t.Errorf("got %d by %d, want %v by %v", v.Width, v.Height, wide, high)
				}
			}
			if got := corners(m); short >= 100 && got != shown[n] {
				t.Errorf("%s of %d by %d turned by %d: got corners %s, want %s", v.Shape, long, short, n, got, shown[n])
			}
			if h, ok := readJPEG(v.JPEG); !ok || h.turn != 0 || bytes.Contains(v.JPEG, []byte("GPS")) || bytes.Contains(v.JPEG, []byte("Exif")) {
				t.Error("got a note of the camera's, want pixels only")
			}
		}
	})
}

func TestVariantsAreSmallWhateverThePictureHolds(t *testing.T) {
	for _, size := range []image.Point{{1100, 1000}, {660, 4200}, {700, 2100}} {
		raw := asJPEG(t, noise(size.X, size.Y))
		out, err := Variants(raw, hub.ImageWhole, hub.ImageSquare)
		if err != nil {
			t.Fatalf("%v of %d bytes: %v", size, len(raw), err)
		}
		for _, v := range out {
			// One that was scaled down far is small already: it must not be made smaller still.
			small := len(v.JPEG) < MaxVariantBytes/3 && (max(size.X, size.Y) < 2*MaxVariantSide || max(v.Width, v.Height) != MaxVariantSide && v.Shape == hub.ImageWhole)
			if len(v.JPEG) > MaxVariantBytes || small {
				t.Errorf("%v: got %d bytes, %d by %d, want close to 1 MB, or all the pixels that may be", size, len(v.JPEG), v.Width, v.Height)
			}
		}
		whole := out[0]
		if got, want := float64(whole.Height)/float64(whole.Width), float64(size.Y)/float64(size.X); math.Abs(got/want-1) > 0.01 {
			t.Errorf("%v: got %d by %d, want the same ratio", size, whole.Width, whole.Height)
		}
	}
}

func TestEveryKindOfPixelsIsDrawn(t *testing.T) {
	box := image.Rect(3, 5, 703, 505) // not at the origin
	palette := image.NewPaletted(box, color.Palette{red, green, blue, yellow})
	for name, m := range map[string]interface {
		image.RGBA64Image
		Set(x, y int, c color.Color)
	}{
		"RGBA": image.NewRGBA(box), "NRGBA": image.NewNRGBA(box), "RGBA64": image.NewRGBA64(box), "NRGBA64": image.NewNRGBA64(box),
		"CMYK": image.NewCMYK(box), "palette": palette,
	} {
		from := quarters(700, 500)
		for y := range 500 {
			for x := range 700 {
				m.Set(x+3, y+5, from.RGBAAt(x, y))
			}
		}
		v, err := variant(m, 0, hub.ImageSquare)
		if err != nil {
			t.Fatal(err)
		}
		got, err := jpeg.Decode(bytes.NewReader(v.JPEG))
		if err != nil || v.Width != 500 || v.Height != 500 || corners(got) != "rgby" {
			t.Errorf("%s: got %d by %d with %s, %v, want all four corners", name, v.Width, v.Height, corners(got), err)
		}
	}
}

func TestWhatShinesThroughIsWhite(t *testing.T) {
	clear := image.NewNRGBA(image.Rect(0, 0, 700, 700))
	for y := range 700 {
		for x := range 350 {
			clear.SetNRGBA(x, y, color.NRGBA{0, 0, 0, 128})
		}
	}
	out, err := Variants(asPNG(t, clear), hub.ImageWhole)
	if err != nil {
		t.Fatal(err)
	}
	m, err := jpeg.Decode(bytes.NewReader(out[0].JPEG))
	if err != nil || !near(m, 600, 300, color.White) || !near(m, 100, 300, color.Gray{127}) {
		t.Errorf("got %v and %v, %v, want white and grey", m.At(600, 300), m.At(100, 300), err)
	}
}

func TestEveryPixelCountsWhenAPictureIsMadeSmaller(t *testing.T) {
	stripes := image.NewGray(image.Rect(0, 0, 3072, 900)) // of a pixel: sampling would show but one
	for y := range 900 {
		for x := 0; x < 3072; x += 3 {
			stripes.SetGray(x, y, color.Gray{255})
		}
	}
	out, err := Variants(asPNG(t, stripes), hub.ImageWhole)
	if err != nil {
		t.Fatal(err)
	}
	m, err := jpeg.Decode(bytes.NewReader(out[0].JPEG))
	for x := 10; x < 1000; x += 13 {
		if !near(m, x, 150, color.Gray{85}) {
			t.Fatalf("got %v at %d, %v, want the mean", m.At(x, 150), x, err)
		}
	}
}

func TestDamagedPixelsAreRefused(t *testing.T) {
	for name, raw := range map[string][]byte{"JPEG": asJPEG(t, noise(700, 300)), "PNG": asPNG(t, noise(700, 300))} {
		for _, cut := range []int{len(raw) / 2, len(raw) * 9 / 10} {
			_, err := Variants(raw[:cut], hub.ImageWhole)
			wantRule(t, name, err, Whole)
		}
	}
	if _, err := Variants(asJPEG(t, quarters(700, 20)), "round"); hub.CodeOf(err) != hub.Internal {
		t.Errorf("got %v for an unknown shape, want internal", err)
	}
}

func BenchmarkVariantsOf12Megapixels(b *testing.B) {
	raw := asJPEG(b, quarters(4032, 3024))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Variants(raw, hub.ImageWhole, hub.ImageSquare); err != nil {
			b.Fatal(err)
		}
	}
}
