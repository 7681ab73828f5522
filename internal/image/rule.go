// Package image holds pictures that people hand in to the rules of cards, and makes of
// them what the channels show: in its own ratio, or cut to a square, turned upright,
// small enough for every platform, and without anything but its pixels.
package image

import "omnihub/internal/hub"

// Rule is a rule that a picture does not keep: the cause of the hub.BadRequest with which
// Check and Variants refuse it. Its text is a sentence for people, the same for every
// picture.
type Rule string

// The rules, in the order in which they are asked.
const (
	Small      Rule = "image_bytes"    // MaxBytes
	Known      Rule = "image_format"   // JPEG or PNG
	Whole      Rule = "image_damaged"  // can be read to its end
	Still      Rule = "image_animated" // one picture
	Wide       Rule = "image_width"    // MinWidth
	FewPixels  Rule = "image_pixels"   // MaxPixels
	Affordable Rule = "image_memory"   // maxMemory and maxScans
)

var sentences = map[Rule]string{
	Small:      "The image must be smaller than 5 MB.",
	Known:      "The image must be a JPEG or a PNG.",
	Whole:      "The image cannot be read: it is damaged, or of a rare kind of JPEG or PNG.",
	Still:      "The image must not be animated.",
	Wide:       "The image must be at least 660 pixels wide.",
	FewPixels:  "The image must have no more than 25 million pixels.",
	Affordable: "The image takes too much memory to open: save it as a plain JPEG, not a progressive one, or as a PNG with 8 bits a colour, or make it smaller.",
}

func (r Rule) Error() string { return sentences[r] }

func (r Rule) broken() error { return hub.E(hub.BadRequest, "image: check", r) }
