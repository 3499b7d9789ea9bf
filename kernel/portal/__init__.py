"""The portal: what people see, and the services that its pages are made of."""
