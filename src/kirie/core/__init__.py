"""What every room shares: samples, labels, scores, identity, paths. numpy and the standard library only."""
