// A library needs a source; this one has only its precompiled header.
