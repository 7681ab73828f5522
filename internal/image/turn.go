package image

import "image"

// turn is how stored pixels are to be turned to stand upright: 1 to 8 as cameras count,
// 0 as 1.
type turn uint16

// sideways reports whether width and height change places.
func (t turn) sideways() bool { return t >= 5 }

// upright turns a picture.
func (t turn) upright(in *image.RGBA) *image.RGBA {
	if t <= 1 {
		return in
	}
	w, h := in.Rect.Dx(), in.Rect.Dy()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if t.sideways() {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		to, step := t.row(y, w, h, out.Stride)
		for from := y * in.Stride; from < y*in.Stride+4*w; from += 4 {
			copy(out.Pix[to:to+4], in.Pix[from:from+4])
			to += step
		}
	}
	return out
}

// row is where the first pixel of a stored row of a picture of w by h goes to, and how far
// from each other its pixels are there: both in bytes, rows being stride of them apart.
func (t turn) row(y, w, h, stride int) (to, step int) {
	at := func(x, y int) int { return y*stride + 4*x }
	switch t {
	case 2: // mirrored
		return at(w-1, y), -4
	case 3: // upside down
		return at(w-1, h-1-y), -4
	case 4:
		return at(0, h-1-y), 4
	case 5:
		return at(y, 0), stride
	case 6: // the top is on the right: a quarter to the right
		return at(h-1-y, 0), stride
	case 7:
		return at(h-1-y, w-1), -stride
	case 8:
		return at(y, w-1), -stride
	}
	return at(0, y), 4
}
