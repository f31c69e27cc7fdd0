"""What keeps the account alive: gates before the order, breakers above the portfolio, measures of its risk."""
