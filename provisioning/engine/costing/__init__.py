"""What environments cost now: reading Cost Explorer, and Stackyard's own reckoning where that is not there."""
