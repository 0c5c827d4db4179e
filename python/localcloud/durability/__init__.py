"""What makes a local cloud be there tomorrow: everything that it has acknowledged is kept in its folder."""
