package channel

import (
	"encoding/json"

	"omnihub/internal/hub"
)

// Shown is a content as a platform will show it.
type Shown struct {
	Messages []hub.Content     // in order, mostly one
	Losses   []Loss            // what is not shown as it was meant
	Native   []json.RawMessage // of each message, as the platform is told; none where the adapter does not say
}

// Show is a content as an adapter's platform shows it: in the nearest form, by Fit, held
// against all limits that the adapter knows. Errors: Unsupported, with why the platform
// shows it in no form.
func Show(a Adapter, m hub.Content) (Shown, error) {
	messages, losses, err := Fit(a.Capabilities(), m)
	if err != nil {
		return Shown{}, err
	}
	out := Shown{Messages: messages, Losses: losses}
	previewer, ok := a.(Previewer)
	if !ok {
		return out, nil
	}
	for _, m := range messages {
		native, err := previewer.Preview(m)
		if err != nil {
			return Shown{}, err
		}
		out.Native = append(out.Native, native)
	}
	return out, nil
}
