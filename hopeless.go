package cams

// isHopeless tells failures of a transport that no repetition changes.
func isHopeless(err error) bool { return new(Client).hopeless(err) != "" }
