package image

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"math"
	"runtime/debug"

	"golang.org/x/image/draw"

	"omnihub/internal/hub"
)

// What a variant is at most. 1,024 pixels is the longest side of a picture in LINE's
// messages, and 1 MB the size of LINE's previews and of pictures at Viber.
// https://developers.line.biz/en/reference/messaging-api/#f-image
const (
	MaxVariantBytes = 1_000_000
	MaxVariantSide  = 1024
)

// Variant is a picture as a channel shows it.
type Variant struct {
	Shape         string // hub.ImageWhole or hub.ImageSquare
	Width, Height int
	JPEG          []byte // MaxVariantBytes at most
}

// Variants makes one variant of each shape, in their order: upright, on white where the
// picture lets something shine through, no side over MaxVariantSide, never larger than the
// picture, and without what was noted beside the pixels. Equal bytes give equal variants.
// Errors are those of Check, and Whole for damaged pixels.
//
// It needs up to 256 MB for the picture's pixels and 60 MB beside, and some seconds for the
// largest: one at a time in a process. What a large one took is given back when it is done.
func Variants(raw []byte, shapes ...string) ([]Variant, error) {
	for _, shape := range shapes {
		if shape != hub.ImageWhole && shape != hub.ImageSquare {
			return nil, hub.E(hub.Internal, "image: make variants", errors.New("no such shape"))
		}
	}
	facts, err := Check(raw)
	if err != nil {
		return nil, err
	}
	if facts.memory >= sweepFrom {
		// Else the pixels lie there until the collector's next turn, which comes when as much
		// again is in use: the next large picture would take the process over its bound.
		defer debug.FreeOSMemory()
	}
	source, err := decode(raw, facts.MIME)
	if err != nil {
		return nil, err
	}
	out := make([]Variant, len(shapes))
	for i, shape := range shapes {
		if out[i], err = variant(source, facts.turn, shape); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func decode(raw []byte, mime string) (image.RGBA64Image, error) {
	read := jpeg.Decode
	if mime == "image/png" {
		read = png.Decode
	}
	pixels, err := read(bytes.NewReader(raw))
	if source, ok := pixels.(image.RGBA64Image); ok && err == nil {
		return source, nil
	}
	return nil, Whole.broken()
}

func variant(source image.RGBA64Image, t turn, shape string) (Variant, error) {
	part := source.Bounds()
	if shape == hub.ImageSquare {
		part = middle(part)
	}
	width, height := part.Dx(), part.Dy()
	if t.sideways() {
		width, height = height, width
	}
	for shrink := shrinkage(width, height); ; shrink *= 0.8 {
		w, h := scaled(width, shrink), scaled(height, shrink)
		stored := image.Pt(w, h)
		if t.sideways() {
			stored = image.Pt(h, w)
		}
		picture := t.upright(scale(source, part, stored))
		for _, quality := range []int{88, 80, 70, 60} {
			var file bytes.Buffer
			if err := jpeg.Encode(&file, picture, &jpeg.Options{Quality: quality}); err != nil {
				return Variant{}, Whole.broken()
			}
			if file.Len() <= MaxVariantBytes {
				return Variant{Shape: shape, Width: w, Height: h, JPEG: file.Bytes()}, nil
			}
		}
	}
}

// middle is the largest square in the middle.
func middle(r image.Rectangle) image.Rectangle {
	side := min(r.Dx(), r.Dy())
	from := r.Min.Add(image.Pt((r.Dx()-side)/2, (r.Dy()-side)/2))
	return image.Rectangle{Min: from, Max: from.Add(image.Pt(side, side))}
}

// shrinkage is by how much a picture is scaled down to be no larger than a variant may be.
func shrinkage(width, height int) float64 { return min(1, MaxVariantSide/float64(max(width, height))) }

func scaled(side int, by float64) int { return max(1, int(math.Round(float64(side)*by))) }

// scale draws a part of a picture at a size that is not larger. It goes down by a whole
// number first, so that every pixel of the source counts and little memory is needed, and
// by less than two then.
func scale(source image.RGBA64Image, part image.Rectangle, size image.Point) *image.RGBA {
	by := max(1, min(part.Dx()/size.X, part.Dy()/size.Y))
	small := averages(source, part, by)
	if small.Rect.Size() == size {
		return small
	}
	out := image.NewRGBA(image.Rectangle{Max: size})
	draw.ApproxBiLinear.Scale(out, out.Rect, small, small.Rect, draw.Src, nil)
	return out
}

// averages is a part of a picture at 1/by of its size, on white: each pixel is the mean of
// by times by of them, of fewer at the right and lower edge.
func averages(source image.RGBA64Image, part image.Rectangle, by int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, (part.Dx()+by-1)/by, (part.Dy()+by-1)/by))
	if by == 1 {
		drawOnWhite(out, out.Rect, source, part.Min)
		return out
	}
	strip := image.NewRGBA(image.Rect(0, 0, part.Dx(), by))
	for y := range out.Rect.Dy() {
		from := part.Min.Add(image.Pt(0, y*by))
		strip.Rect.Max.Y = min(by, part.Max.Y-from.Y)
		drawOnWhite(strip, strip.Rect, source, from)
		averageColumns(out.Pix[y*out.Stride:][:out.Stride], strip, by)
	}
	return out
}

// drawOnWhite draws a rectangle of a picture from a point of the source on.
func drawOnWhite(to *image.RGBA, r image.Rectangle, source image.Image, from image.Point) {
	draw.Draw(to, r, image.White, image.Point{}, draw.Src)
	draw.Draw(to, r, source, from, draw.Over)
}

// averageColumns makes a row of pixels of a strip, one of each by columns.
func averageColumns(row []byte, strip *image.RGBA, by int) {
	wide, high := strip.Rect.Dx(), strip.Rect.Dy()
	for x := 0; x < wide; x += by {
		var r, g, b uint32
		columns := min(by, wide-x)
		for y := range high {
			pixels := strip.Pix[y*strip.Stride+4*x:][:4*columns]
			for i := 0; i < len(pixels); i += 4 {
				r, g, b = r+uint32(pixels[i]), g+uint32(pixels[i+1]), b+uint32(pixels[i+2])
			}
		}
		n, at := uint32(columns*high), x/by*4
		row[at], row[at+1], row[at+2], row[at+3] = byte(r/n), byte(g/n), byte(b/n), 0xFF
	}
}
