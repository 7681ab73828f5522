package image

import (
	"bytes"
	"encoding/binary"
)

// Markers of JPEG.
// https://www.w3.org/Graphics/JPEG/itu-t81.pdf (table B.1)
const (
	markBaseline    = 0xC0
	markExtended    = 0xC1
	markProgressive = 0xC2
	markEnd         = 0xD9
	markScan        = 0xDA
	markApp1        = 0xE1
)

// readJPEG walks over the segments of a JPEG up to its end: its size, what decoding it
// takes, how often it passes over its pixels, and how it is to be turned.
func readJPEG(raw []byte) (head, bool) {
	h := head{mime: "image/jpeg", frames: 1}
	for at := 2; ; {
		at = nextMarker(raw, at)
		if at < 0 {
			return h, h.width > 0 // cut off: the decoder will say so
		}
		mark := raw[at-1]
		if mark == markEnd {
			return h, h.width > 0
		}
		if mark == 0x01 || mark >= 0xD0 && mark <= 0xD8 { // stand alone
			continue
		}
		if len(raw) < at+2 {
			return h, h.width > 0
		}
		size := int(binary.BigEndian.Uint16(raw[at:]))
		if size < 2 || at+size > len(raw) {
			return h, false
		}
		body := raw[at+2 : at+size]
		switch mark {
		case markBaseline, markExtended, markProgressive:
			if h.width > 0 || !h.frame(body, mark == markProgressive) {
				return h, false
			}
		case markScan:
			h.scans++
		case markApp1:
			if tiff, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok && h.turn == 0 && h.scans == 0 {
				h.turn = orientation(tiff)
			}
		}
		at += size
	}
}

// nextMarker is the place behind the next marker; what is before it are pixels or
// fillers. -1 if there is none.
func nextMarker(raw []byte, at int) int {
	for {
		skip := bytes.IndexByte(raw[at:], 0xFF)
		if skip < 0 {
			return -1
		}
		for at += skip; at < len(raw) && raw[at] == 0xFF; {
			at++
		}
		if at >= len(raw) {
			return -1
		}
		if at++; raw[at-1] != 0 { // a zero makes 0xFF a part of the pixels
			return at
		}
	}
}

// frame reads the head of the pixels. The decoder holds a byte a sample, of a progressive
// picture four more, and four a pixel where it turns the colours itself.
func (h *head) frame(body []byte, progressive bool) bool {
	if len(body) < 6 || len(body) < 6+3*int(body[5]) {
		return false
	}
	h.height, h.width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	most, samples, components := int64(1), int64(0), int(body[5])
	for i := range components {
		across, down := int64(body[7+3*i]>>4), int64(body[7+3*i]&15)
		most, samples = max(most, across*down), samples+across*down
	}
	each := int64(2)
	if progressive {
		each = 10
	}
	h.halfBytes = (samples*each + most - 1) / most
	if components == 4 || components == 3 && samples == 3*most { // perhaps not in YCbCr
		h.halfBytes += 8
	}
	return h.width > 0 && h.height > 0 && components > 0
}

const pngSignature = "\x89PNG\r\n\x1a\n"

// readPNG walks over the chunks of a PNG.
// https://www.w3.org/TR/png-3/
func readPNG(raw []byte) (head, bool) {
	h := head{mime: "image/png", frames: 1}
	for at, first := len(pngSignature), true; at+8 <= len(raw); first = false {
		size, name := int64(binary.BigEndian.Uint32(raw[at:])), string(raw[at+4:at+8])
		at += 8
		if size > int64(len(raw)-at) {
			return h, h.width > 0 // cut off: the decoder will say so
		}
		body := raw[at : at+int(size)]
		switch {
		case first != (name == "IHDR"), first && size != 13:
			return h, false
		case first:
			h.width, h.height = int(binary.BigEndian.Uint32(body)), int(binary.BigEndian.Uint32(body[4:]))
			if h.halfBytes = 8; body[8] == 16 {
				h.halfBytes = 16
			}
			if body[12] != 0 { // interlaced: beside the whole there are its parts, which lie there till they are swept up
				h.halfBytes *= 2
			}
		case name == "acTL":
			h.frames = 2 // or more
		case name == "eXIf":
			h.turn = orientation(body)
		case name == "IEND":
			return h, true
		}
		at = min(at+int(size)+4, len(raw))
	}
	return h, h.width > 0
}

// orientation reads how a picture is to be turned from what a camera notes beside it; 0
// if that is not said.
// https://www.cipa.jp/std/documents/download_e.html?DC-008-Translation-2023-E (4.6.2, tag 0x0112)
func orientation(tiff []byte) turn {
	if len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 0
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 0
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			return 0
		}
		const tag, short = 0x0112, 3
		if order.Uint16(entries) == tag {
			if t := turn(order.Uint16(entries[8:])); order.Uint16(entries[2:]) == short && t <= 8 {
				return t
			}
			return 0
		}
		entries = entries[12:]
	}
	return 0
}
