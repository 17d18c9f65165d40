"""kirie: train, compare and ship segmentation models that cut character illustrations into parts."""

__version__ = "0.1.0"
