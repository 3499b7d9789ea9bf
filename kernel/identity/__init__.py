"""Who is who: units, people, posts, rights, keys, the certificate authority and sessions."""
