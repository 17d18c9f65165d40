"""The store as batches, and augmentation on the device."""
