"""What looks downwards: replays of witnesses. Methods of lower layers reach it through `slots`."""
