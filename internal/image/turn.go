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
		for x := range w {
			toX, toY := x, y
			switch t {
			case 2: // mirrored
				toX = w - 1 - x
			case 3: // upside down
				toX, toY = w-1-x, h-1-y
			case 4:
				toY = h - 1 - y
			case 5:
				toX, toY = y, x
			case 6: // the top is on the right: a quarter to the right
				toX, toY = h-1-y, x
			case 7:
				toX, toY = h-1-y, w-1-x
			case 8:
				toX, toY = y, w-1-x
			}
			copy(out.Pix[out.PixOffset(toX, toY):][:4], in.Pix[in.PixOffset(x, y):][:4])
		}
	}
	return out
}
