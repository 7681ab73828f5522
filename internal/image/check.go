package image

import (
	"bytes"
	"image/jpeg"
	"image/png"

	"omnihub/internal/hub"
)

// What a picture may be. Bytes and width are the rules of OmniLink's cards; the others keep
// one picture from taking the memory or the time of a process.
const (
	MaxBytes  = hub.MaxLinkImageBytes
	MinWidth  = hub.MinLinkImageWidth
	MaxPixels = 25_000_000

	// maxMemory is the most bytes that the decoder may need: a process that has 512 MB stays
	// below 350 with it.
	maxMemory = 256 << 20
	// sweepFrom is the need from which the memory is given back as soon as it may be.
	sweepFrom = 32 << 20
	// maxScans is the most passes of a progressive JPEG over its pixels: encoders make
	// about ten, and each may take as long as a whole picture.
	maxScans = 50
)

// Facts are what a picture says of itself.
type Facts struct {
	MIME          string // image/jpeg or image/png
	Bytes         int
	Width, Height int // pixels, as it is shown: turned upright

	turn   turn
	memory int64 // bytes that the decoder needs
}

// Check reads what stands before the pixels and holds it to the rules that are alike for
// all channels (how tall it may be differs: hub.Linking). It takes little time and memory whatever the bytes are. The error is
// hub.BadRequest with the Rule. Pixels that are damaged only Variants finds.
func Check(raw []byte) (Facts, error) {
	if len(raw) > MaxBytes {
		return Facts{}, Small.broken()
	}
	head, rule := readHead(raw)
	if rule != "" {
		return Facts{}, rule.broken()
	}
	pixels := int64(head.width) * int64(head.height)
	f := Facts{MIME: head.mime, Bytes: len(raw), Width: head.width, Height: head.height, turn: head.turn, memory: head.memory(pixels)}
	if f.turn.sideways() {
		f.Width, f.Height = f.Height, f.Width
	}
	switch {
	case head.frames > 1:
		return Facts{}, Still.broken()
	case f.Width < MinWidth:
		return Facts{}, Wide.broken()
	case pixels > MaxPixels:
		return Facts{}, FewPixels.broken()
	case f.memory > maxMemory, head.scans > maxScans:
		return Facts{}, Affordable.broken()
	}
	return f, nil
}

// head is what stands before and between the pixels.
type head struct {
	mime          string
	width, height int // as stored
	turn          turn
	frames        int
	scans         int // of a JPEG
	// halfBytes is twice the bytes that the decoder needs for a pixel.
	halfBytes int64
}

func (h head) memory(pixels int64) int64 { return pixels * h.halfBytes / 2 }

// readHead reads a picture's head; the rule is "" if there is one.
func readHead(raw []byte) (head, Rule) {
	switch {
	case bytes.HasPrefix(raw, []byte("\xFF\xD8\xFF")):
		h, ok := readJPEG(raw)
		if config, err := jpeg.DecodeConfig(bytes.NewReader(raw)); !ok || err != nil || config.Width != h.width || config.Height != h.height {
			return head{}, Whole
		}
		return h, ""
	case bytes.HasPrefix(raw, []byte(pngSignature)):
		h, ok := readPNG(raw)
		if config, err := png.DecodeConfig(bytes.NewReader(raw)); !ok || err != nil || config.Width != h.width || config.Height != h.height {
			return head{}, Whole
		}
		return h, ""
	}
	return head{}, Known
}
