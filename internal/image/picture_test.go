package image

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
)

// The corners of quarters.
var (
	red, green, blue, yellow = color.RGBA{200, 0, 0, 255}, color.RGBA{0, 160, 0, 255}, color.RGBA{0, 0, 200, 255}, color.RGBA{220, 220, 0, 255}
)

// quarters is a picture of four colours: red and green above, blue and yellow below.
func quarters(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i, c := range []color.RGBA{red, green, blue, yellow} {
		x, y := i%2, i/2
		part := image.Rect((x*w+1)/2, (y*h+1)/2, ((x+1)*w+1)/2, ((y+1)*h+1)/2)
		draw.Draw(m, part, image.NewUniform(c), image.Point{}, draw.Src)
	}
	return m
}

// noise is the picture that compresses worst.
func noise(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	dice := rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		if m.Pix[i] = byte(dice.Uint32()); i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	return m
}

// failer is a test, or a case of a property.
type failer interface {
	Helper()
	Fatal(args ...any)
}

func asJPEG(t failer, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func asPNG(t failer, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := e.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// exif is what a camera writes about how to turn a picture.
func exif(order binary.AppendByteOrder, t int) []byte {
	tiff := []byte("II*\x00")
	if order.String() == "BigEndian" {
		tiff = []byte("MM\x00*")
	}
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2)
	for _, e := range [][2]int{{0x010F, 2}, {0x0112, t}} { // the maker, and the turn
		tiff = order.AppendUint16(tiff, uint16(e[0]))
		tiff = order.AppendUint16(tiff, 3)
		tiff = order.AppendUint32(tiff, 1)
		tiff = order.AppendUint16(tiff, uint16(e[1]))
		tiff = order.AppendUint16(tiff, 0)
	}
	return append(tiff, "\x00\x00\x00\x00GPS 25.0330 N 121.5654 E"...)
}

// segment puts a segment behind the start of a JPEG.
func segment(file []byte, mark byte, body []byte) []byte {
	out := append([]byte{}, file[:2]...)
	out = append(out, 0xFF, mark)
	out = binary.BigEndian.AppendUint16(out, uint16(len(body)+2))
	return append(append(out, body...), file[2:]...)
}

// turned is a JPEG with a note of how to turn it.
func turned(file []byte, order binary.AppendByteOrder, t int) []byte {
	return segment(file, markApp1, append([]byte("Exif\x00\x00"), exif(order, t)...))
}

// chunk puts a chunk behind the head of a PNG.
func chunk(file []byte, name string, body []byte) []byte {
	const head = 8 + 4 + 4 + 13 + 4
	out := append([]byte{}, file[:head]...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(body)))
	named := append([]byte(name), body...)
	out = append(out, named...)
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(named))
	return append(out, file[head:]...)
}

// claimed is a PNG whose head tells of other pixels than it has.
func claimed(file []byte, w, h int, depth, kind, interlace byte) []byte {
	out := append([]byte{}, file...)
	binary.BigEndian.PutUint32(out[16:], uint32(w))
	binary.BigEndian.PutUint32(out[20:], uint32(h))
	out[24], out[25], out[28] = depth, kind, interlace
	binary.BigEndian.PutUint32(out[29:], crc32.ChecksumIEEE(out[12:29]))
	return out
}

// interlaced is a black PNG of 16 bits a colour that comes in seven passes.
func interlaced(w, h int) []byte {
	var pixels bytes.Buffer
	packed := zlib.NewWriter(&pixels)
	for _, p := range [][4]int{{8, 8, 0, 0}, {8, 8, 4, 0}, {4, 8, 0, 4}, {4, 4, 2, 0}, {2, 4, 0, 2}, {2, 2, 1, 0}, {1, 2, 0, 1}} {
		across, down := (w-p[2]+p[0]-1)/p[0], (h-p[3]+p[1]-1)/p[1]
		_, _ = packed.Write(make([]byte, down*(1+8*across))) // into memory
	}
	_ = packed.Close()
	file := []byte(pngSignature)
	for _, c := range []struct {
		name string
		body []byte
	}{{"IHDR", make([]byte, 13)}, {"IDAT", pixels.Bytes()}, {"IEND", nil}} {
		named := append([]byte(c.name), c.body...)
		file = append(binary.BigEndian.AppendUint32(file, uint32(len(c.body))), named...)
		file = binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(named))
	}
	return claimed(file, w, h, 16, 6, 1)
}

// progressive is a grey progressive JPEG, complete, with some passes over its pixels that
// change nothing. Sampling has a byte for each component.
func progressive(w, h, scans int, sampling ...byte) []byte {
	out := []byte{0xFF, 0xD8}
	put := func(mark byte, body ...byte) {
		out = append(out, 0xFF, mark)
		out = binary.BigEndian.AppendUint16(out, uint16(len(body)+2))
		out = append(out, body...)
	}
	put(0xDB, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)
	frame := []byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), byte(len(sampling))}
	scan := []byte{byte(len(sampling))}
	most, blocks := 1, 0
	for i, s := range sampling {
		frame = append(frame, byte(i+1), s, 0)
		scan = append(scan, byte(i+1), 0)
		most, blocks = max(most, int(s>>4)), blocks+int(s>>4)*int(s&15)
	}
	put(markProgressive, frame...)
	put(0xC4, append(append([]byte{0}, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0)...) // one code, "0": no change
	units := ((w + 8*most - 1) / (8 * most)) * ((h + 8*most - 1) / (8 * most))
	if len(sampling) == 1 {
		blocks = 1
	}
	pixels := make([]byte, (units*blocks+7)/8)
	for i := range scans {
		bits := []byte{0, 0, 0x01} // the mean of each block, all but its last bit
		if i > 0 {
			bits = []byte{0, 0, 0x10} // the last bit
		}
		put(markScan, append(append([]byte{}, scan...), bits...)...)
		out = append(out, pixels...)
	}
	return append(out, 0xFF, markEnd)
}
