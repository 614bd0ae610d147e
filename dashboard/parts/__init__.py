"""Small pieces that several views share. Repository text passes through safe elements only."""
