# grow.awk - one field more at the end of every struct of a public header that can grow
/^struct vit_[a-z_]+ \{$/ { inside = 1; growable = 0; next_is_first = 1; print; next }
inside && next_is_first && NF { growable = ($1 == "size_t" && $2 == "size;"); next_is_first = 0 }
inside && /^\};$/ { if (growable) { print "    size_t field_of_a_later_version;" }; inside = 0 }
{ print }
