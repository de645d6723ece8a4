"""The chat on websites: a widget, and the sockets and requests that it speaks over."""
