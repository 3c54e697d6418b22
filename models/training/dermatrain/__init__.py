"""Makes dermascope's lesion model: prepare, train, quantise, calibrate, evaluate, card."""
