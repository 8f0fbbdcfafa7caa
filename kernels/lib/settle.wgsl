// More of what is due is read before the search begins again: what amounts to most, or all where that was not enough.
        least = select(due / 4.0, 0.0, settled);
        settled = true;
        patience *= $LESSPATIENCE;
        continue;
