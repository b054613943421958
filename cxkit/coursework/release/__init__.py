"""Release: what students get, proved before anybody gets it."""
