// More of what is due is read before the search begins again: what amounts to most, or all where that was not enough.
// Takes: due, settled. Gives: least, settled, patience. Leaves: by `continue`, to search again.
        least = select(due / 4.0, 0.0, settled);
        settled = true;
        patience *= $LESSPATIENCE;
        continue;
