"""What only the cloud needs: nested templates, and the commands that publish the page and take everything down."""
