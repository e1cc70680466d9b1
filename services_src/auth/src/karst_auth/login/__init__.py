"""How people sign in: at a provider of identities, and then on to where they came from, with a token."""
