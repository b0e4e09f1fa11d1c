"""Methods: each turns a study and a platform into a new adapter."""
