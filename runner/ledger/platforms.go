package ledger

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/compiler/decision"
)

// on counts a success on a platform, "" for one that is not known. The lists of a row are replaced, never written.
func on(e *decision.RingEvidence, platform string) {
	if platform == "" {
		return
	}
	if i, ok := slices.BinarySearch(e.Platforms, platform); !ok {
		e.Platforms = slices.Insert(slices.Clone(e.Platforms), i, platform)
	}
	i, ok := slices.BinarySearchFunc(e.OnPlatforms, platform, byPlatform)
	list := slices.Clone(e.OnPlatforms)
	if !ok {
		list = slices.Insert(list, i, decision.OnPlatform{Platform: platform})
	}
	list[i].Succeeded++
	e.OnPlatforms = list
}

// off takes a success back. Where nobody knows on which platform it was, it may have been any, so each has one less. One
// that has none left is covered no more.
func off(e *decision.RingEvidence, platform string) {
	_, known := slices.BinarySearchFunc(e.OnPlatforms, platform, byPlatform)
	var left []decision.OnPlatform
	for _, p := range e.OnPlatforms {
		if p.Platform == platform || !known {
			p.Succeeded--
		}
		if p.Succeeded > 0 {
			left = append(left, p)
			continue
		}
		e.Platforms = slices.DeleteFunc(slices.Clone(e.Platforms), func(name string) bool { return name == p.Platform })
	}
	e.OnPlatforms = left
}

func byPlatform(p decision.OnPlatform, platform string) int {
	return strings.Compare(p.Platform, platform)
}
