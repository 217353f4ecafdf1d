"""Methods: arrays in, frozen results out; `findings` asks the store, computes and discloses."""
