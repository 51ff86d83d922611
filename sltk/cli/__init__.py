"""The command line: `options` says what it takes, one module runs each command, `main` joins them."""
