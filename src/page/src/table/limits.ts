/** More would not be told apart, and would not fit an address. */
export const MOST_SELECTED = 500;
